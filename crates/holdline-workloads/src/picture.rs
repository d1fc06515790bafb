//! What pictures of measurements have in common: they bring their own background, so that they can
//! be read on any, and colours that the colour-blind tell apart.

use plotters::coord::Shift;
use plotters::prelude::*;

/// What is drawn on.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What goes wrong while drawing.
pub type DrawingError = DrawingAreaErrorKind<std::io::Error>;

/// Titles.
pub const INK: RGBColor = RGBColor(32, 33, 36);
/// What is said beside.
pub const FAINT: RGBColor = RGBColor(95, 99, 104);
/// The lines behind.
pub const LINES: RGBColor = RGBColor(224, 226, 230);
/// The lines in front.
pub const COLOURS: [RGBColor; 3] =
    [RGBColor(0, 114, 178), RGBColor(213, 94, 0), RGBColor(148, 52, 110)];

const FONT: &str = "Helvetica, Arial, sans-serif";

/// Draws a picture of that size, as SVG.
///
/// # Errors
/// Why it cannot be drawn.
pub fn draw(
    size: (u32, u32),
    on: impl FnOnce(&Area<'_>) -> Result<(), DrawingError>,
) -> Result<String, String> {
    let failed = |error: DrawingError| format!("the picture cannot be drawn: {error}");
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE).and_then(|()| on(&area)).map_err(failed)?;
        area.present().map_err(failed)?;
    }
    Ok(svg)
}

/// How a text is written.
#[must_use]
pub fn text(size: i32, colour: RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(&colour)
}

/// Writes the title, and below it what was measured with: two lines of facts.
///
/// # Errors
/// As the drawing itself.
pub fn head(area: &Area<'_>, title: &str, about: &[String]) -> Result<(), DrawingError> {
    area.draw_text(title, &text(19, INK), (24, 18))?;
    for (line, y) in lines(about).iter().zip([46, 64]) {
        area.draw_text(line, &text(13, FAINT), (24, y))?;
    }
    Ok(())
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

/// The powers of ten around what is drawn.
#[must_use]
pub fn decades(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let seen = values.filter(|value| *value > 0.0);
    let (least, most) =
        seen.fold((f64::MAX, f64::MIN), |(least, most), it| (it.min(least), it.max(most)));
    if least > most {
        return (0.1, 10.0);
    }
    let low = 10_f64.powf(least.log10().floor());
    (low, 10_f64.powf(most.log10().ceil()).max(low * 10.0))
}

/// `1 ms`, `0.1 ms`, `2 s`.
#[must_use]
pub fn wait(ms: f64) -> String {
    if ms >= 1_000.0 { format!("{} s", ms / 1_000.0) } else { format!("{ms} ms") }
}

/// The place of the label of a line that ends there: beside its end; where two would lie over one
/// another the later one goes up.
pub fn label((x, y): (i32, i32), taken: &mut Vec<i32>) -> (i32, i32) {
    let mut y = y - 8;
    while taken.iter().any(|other| (y - other).abs() < 15) {
        y -= 1;
    }
    taken.push(y);
    (x + 8, y)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_has_all_facts_and_labels_do_not_lie_over_one_another() {
        let about = ["2 cores".to_owned(), "seed 42".to_owned()];
        let svg = draw((300, 200), |area| head(area, "a title", &about)).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"), "{svg}");
        assert!(svg.contains("2 cores · seed 42") && svg.contains("a title"), "{svg}");
        let mut taken = Vec::new();
        assert_eq!(label((10, 100), &mut taken), (18, 92));
        assert_eq!(label((10, 101), &mut taken), (18, 77));
        assert_eq!(decades([0.3, 7.0, 0.0].into_iter()), (0.1, 10.0));
        assert_eq!(decades(std::iter::empty()), (0.1, 10.0));
    }
}
