//! The picture of a sweep, as SVG. It brings its own background, so that it can be read on any.

use std::path::Path;

use holdline_workloads::picture::{
    self, Area, COLOURS, DrawingError, FAINT, INK, LINES, decades, head, label, text, wait,
};
use plotters::prelude::*;

use super::sweep::Point;
use crate::exit::Failure;

const SIZE: (u32, u32) = (860, 520);

/// A percentile and how it is drawn: with the label at the line's end besides.
const PERCENTILES: [(&str, f64, RGBColor); 3] =
    [("p50", 50.0, COLOURS[0]), ("p99", 99.0, COLOURS[1]), ("p99.9", 99.9, COLOURS[2])];

/// Draws the points; `about` says below the title what they were measured with.
pub fn draw(points: &[Point], about: &[String]) -> Result<String, Failure> {
    picture::draw(SIZE, |area| draw_on(area, points, about)).map_err(Failure::input)
}

/// Writes it where it was asked for.
pub fn write(path: &Path, svg: &str) -> Result<(), Failure> {
    std::fs::write(path, svg).map_err(|error| Failure::file(path.display(), &error))
}

/// `450,000`.
fn events(rate: f64) -> String {
    crate::layout::count(rate.round().max(0.0) as u64)
}

fn draw_on(area: &Area<'_>, points: &[Point], about: &[String]) -> Result<(), DrawingError> {
    head(area, "How long a commit of 1,000 events takes, from when it was due", about)?;
    let most = points.iter().map(|point| point.offered).fold(1.0, f64::max);
    let each = |point: &Point| PERCENTILES.map(|(_, percent, _)| point.waits.at(percent));
    let (low, high) = decades(points.iter().flat_map(each));
    let mut chart = ChartBuilder::on(area)
        .margin_top(96)
        .margin_left(24)
        .margin_right(24)
        .margin_bottom(14)
        .x_label_area_size(48)
        .y_label_area_size(66)
        .build_cartesian_2d(0.0..most * 1.1, (low..high).log_scale())?;
    chart
        .configure_mesh()
        .bold_line_style(LINES)
        .light_line_style(TRANSPARENT)
        .axis_style(FAINT)
        .x_labels(6)
        .x_desc("events offered a second")
        .x_label_formatter(&|rate| events(*rate))
        .y_label_formatter(&|ms| wait(*ms))
        .label_style(text(13, FAINT))
        .axis_desc_style(text(14, INK))
        .draw()?;
    let mut taken: Vec<i32> = Vec::new();
    for (name, percent, colour) in PERCENTILES {
        let line = || points.iter().map(|point| (point.offered, point.waits.at(percent).max(low)));
        chart.draw_series(LineSeries::new(line(), colour.stroke_width(2)))?;
        chart.draw_series(line().map(|at| Circle::new(at, 3, colour.filled())))?;
        let Some(last) = line().next_back() else {
            continue;
        };
        let place = label(chart.backend_coord(&last), &mut taken);
        area.draw_text(name, &text(14, colour), place)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::measured::Waits;
    use super::*;

    #[test]
    fn every_load_and_every_percentile_is_in_the_picture() {
        let point = |tenth: u32| Point {
            percent: tenth * 10,
            offered: f64::from(tenth) * 50_000.0,
            waits: Waits::of((1..1_000).map(|ms| Duration::from_micros(ms * u64::from(tenth)))),
        };
        let points: Vec<Point> = (1..=10).map(point).collect();
        let svg = draw(&points, &["2 cores".to_owned(), "seed 42".to_owned()]).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 30);
        assert!(svg.matches("<polyline").count() >= 3);
        for text in ["p50", "p99", "p99.9", "2 cores · seed 42", "500,000", "1 ms"] {
            assert!(svg.contains(text), "{text}\n{svg}");
        }
    }

    #[test]
    fn a_picture_of_nothing_can_be_drawn() {
        assert!(draw(&[], &[]).unwrap().contains("</svg>"));
    }
}
