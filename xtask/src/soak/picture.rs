//! The picture of a soak: memory, disk and how long commits take, over the time.

use std::ops::Range;

use holdline_workloads::picture::{
    self, Area, COLOURS, DrawingError, FAINT, INK, LINES, decades, head, label, text, wait,
};
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use super::sample::Sample;

const SIZE: (u32, u32) = (860, 900);
/// Where the panels begin, below the title.
const TOP: u32 = 84;

/// A line of a panel: its name, and what of a sample it shows, if there is that.
type Line = (&'static str, fn(&Sample) -> Option<f64>);

fn mib(bytes: u64) -> Option<f64> {
    Some(bytes as f64 / f64::from(1 << 20))
}

/// Where nothing was committed there is no time that it took.
fn took(ms: f64) -> Option<f64> {
    (ms > 0.0).then_some(ms)
}

/// Draws the samples; `about` says below the title what they were taken with.
pub(super) fn draw(samples: &[Sample], about: &[String]) -> Result<String, String> {
    picture::draw(SIZE, |area| draw_on(area, samples, about))
}

fn draw_on(area: &Area<'_>, samples: &[Sample], about: &[String]) -> Result<(), DrawingError> {
    head(area, "A store under load while months pass", about)?;
    let (_, below) = area.split_vertically(TOP);
    let panels = below.split_evenly((3, 1));
    let [memory, disk, commits] = panels.as_slice() else {
        return Ok(());
    };
    let memory_lines: [Line; 2] =
        [("in all", |it| mib(it.resident)), ("kept for good", |it| mib(it.for_good))];
    let disk_lines: [Line; 3] = [
        ("in all", |it| mib(it.disk())),
        ("journal", |it| mib(it.journal)),
        ("checkpoints", |it| mib(it.checkpoints_bytes)),
    ];
    let commit_lines: [Line; 2] = [("p50", |it| took(it.p50_ms)), ("p99", |it| took(it.p99_ms))];
    panel(memory, ("memory", &mebibytes), samples, &memory_lines, upwards(samples, &memory_lines))?;
    panel(disk, ("disk", &mebibytes), samples, &disk_lines, upwards(samples, &disk_lines))?;
    let all = commit_lines.iter().flat_map(|(_, of)| samples.iter().filter_map(of));
    let (low, high) = decades(all);
    panel(commits, ("a commit", &|ms| wait(*ms)), samples, &commit_lines, (low..high).log_scale())
}

fn mebibytes(mib: &f64) -> String {
    format!("{mib:.0} MiB")
}

/// From nothing to a little more than the most.
fn upwards(samples: &[Sample], lines: &[Line]) -> Range<f64> {
    let all = lines.iter().flat_map(|(_, of)| samples.iter().filter_map(of));
    0.0..all.fold(1.0, f64::max) * 1.1
}

fn panel<Y>(
    area: &Area<'_>,
    (name, unit): (&str, &dyn Fn(&f64) -> String),
    samples: &[Sample],
    lines: &[Line],
    heights: Y,
) -> Result<(), DrawingError>
where
    Y: AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64>,
{
    let last = samples.last().map_or(1.0, |it| it.since.as_secs_f64() / 60.0);
    let days = samples.last().map_or(1.0, |it| it.day) / last.max(f64::MIN_POSITIVE);
    let mut chart = ChartBuilder::on(area)
        .margin_top(8)
        .margin_left(24)
        .margin_right(110)
        .margin_bottom(6)
        .x_label_area_size(38)
        .y_label_area_size(84)
        .build_cartesian_2d(0.0..last.max(1e-3), heights)?;
    chart
        .configure_mesh()
        .bold_line_style(LINES)
        .light_line_style(TRANSPARENT)
        .axis_style(FAINT)
        .x_labels(8)
        .y_labels(5)
        .y_desc(name)
        .x_label_formatter(&|minutes| format!("{minutes:.1} min, day {:.0}", minutes * days))
        .y_label_formatter(unit)
        .label_style(text(12, FAINT))
        .axis_desc_style(text(14, INK))
        .draw()?;
    let mut taken = Vec::new();
    for ((name, of), colour) in lines.iter().zip(COLOURS) {
        let point = |it: &Sample| Some((it.since.as_secs_f64() / 60.0, of(it)?));
        let line = || samples.iter().filter_map(point);
        chart.draw_series(LineSeries::new(line(), colour.stroke_width(2)))?;
        if let Some(last) = line().next_back() {
            let place = label(chart.backend_coord(&last), &mut taken);
            // The place is one of the whole picture, and so is the panel's own corner.
            let ((left, top), (x, y)) = (area.get_base_pixel(), place);
            area.draw_text(name, &text(13, colour), (x - left, y - top))?;
        }
    }
    Ok(())
}
