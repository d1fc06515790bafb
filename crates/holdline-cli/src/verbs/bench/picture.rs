//! The picture of a sweep, as SVG. It brings its own background, so that it can be read on any.

use std::fmt::Display;
use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::sweep::Point;
use crate::exit::Failure;

const SIZE: (u32, u32) = (860, 520);
const INK: RGBColor = RGBColor(32, 33, 36);
const FAINT: RGBColor = RGBColor(95, 99, 104);
const LINES: RGBColor = RGBColor(224, 226, 230);
const FONT: &str = "Helvetica, Arial, sans-serif";

/// A percentile and how it is drawn: colours that the colour-blind tell apart, and the label at the
/// line's end besides.
const PERCENTILES: [(&str, f64, RGBColor); 3] = [
    ("p50", 50.0, RGBColor(0, 114, 178)),
    ("p99", 99.0, RGBColor(213, 94, 0)),
    ("p99.9", 99.9, RGBColor(148, 52, 110)),
];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws the points; `about` says below the title what they were measured with.
pub fn draw(points: &[Point], about: &[String]) -> Result<String, Failure> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        draw_on(&area, points, about).map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

fn failed(error: impl Display) -> Failure {
    Failure::input(format_args!("the picture cannot be drawn: {error}"))
}

/// Writes it where it was asked for.
pub fn write(path: &Path, svg: &str) -> Result<(), Failure> {
    std::fs::write(path, svg).map_err(|error| Failure::file(path.display(), &error))
}

/// The powers of ten around what is drawn.
fn decades(points: &[Point]) -> (f64, f64) {
    let all = || {
        let each = |point: &Point| PERCENTILES.map(|(_, percent, _)| point.waits.at(percent));
        points.iter().flat_map(each).filter(|ms| *ms > 0.0)
    };
    let (least, most) = (all().fold(f64::MAX, f64::min), all().fold(f64::MIN, f64::max));
    if least > most {
        return (0.1, 10.0);
    }
    let low = 10_f64.powf(least.log10().floor());
    (low, 10_f64.powf(most.log10().ceil()).max(low * 10.0))
}

/// Facts on lines that are no wider than the picture.
fn lines(facts: &[String]) -> Vec<String> {
    const LETTERS: usize = 110;
    let mut lines: Vec<String> = Vec::new();
    for fact in facts {
        match lines.last_mut() {
            Some(line) if line.chars().count() + fact.chars().count() + 3 <= LETTERS => {
                *line += &format!(" · {fact}");
            }
            _ => lines.push(fact.clone()),
        }
    }
    lines
}

/// `1 ms`, `0.1 ms`, `2 s`.
fn wait(ms: f64) -> String {
    if ms >= 1_000.0 { format!("{} s", ms / 1_000.0) } else { format!("{ms} ms") }
}

/// `450,000`.
fn events(rate: f64) -> String {
    crate::layout::count(rate.round().max(0.0) as u64)
}

fn draw_on<'a>(
    area: &Area<'a>,
    points: &[Point],
    about: &[String],
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    area.fill(&WHITE)?;
    let text = |size: i32, colour: RGBColor| (FONT, size).into_font().color(&colour);
    let title = "How long a commit of 1,000 events takes, from when it was due";
    area.draw_text(title, &text(19, INK), (24, 18))?;
    for (line, y) in lines(about).iter().zip([46, 64]) {
        area.draw_text(line, &text(13, FAINT), (24, y))?;
    }
    let most = points.iter().map(|point| point.offered).fold(1.0, f64::max);
    let (low, high) = decades(points);
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
        let (x, y) = chart.backend_coord(&last);
        // Beside its end; where two would lie over one another the later one goes up.
        let mut y = y - 8;
        while taken.iter().any(|other| (y - other).abs() < 15) {
            y -= 1;
        }
        taken.push(y);
        area.draw_text(name, &text(14, colour), (x + 8, y))?;
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
