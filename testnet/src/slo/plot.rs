//! Line charts as SVG, to stand in a page by themselves.

use std::fmt::Write as _;

/// Size of a chart, units of its view box.
const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 210.0;
/// Where its lines may be: left, top, right, bottom.
const LEFT: f64 = 46.0;
const TOP: f64 = 12.0;
const RIGHT: f64 = WIDTH - 10.0;
const BOTTOM: f64 = HEIGHT - 26.0;
/// Steps of a scale, about.
const STEPS: f64 = 4.0;

/// One line of a chart.
#[derive(Clone, Debug)]
pub struct Line {
    /// What it is, for the legend.
    pub name: String,
    /// Its points, by rising x.
    pub points: Vec<(f64, f64)>,
}

/// A chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What it shows, with the unit.
    pub title: &'static str,
    /// Its lines.
    pub lines: Vec<Line>,
    /// A level that is drawn across, and what it is.
    pub target: Option<(f64, &'static str)>,
}

/// A round number that divides `span` into about [`STEPS`] parts.
fn step(span: f64) -> f64 {
    let raw = (span / STEPS).max(f64::MIN_POSITIVE);
    let magnitude = 10f64.powf(raw.log10().floor());
    let multiple = [1.0, 2.0, 2.5, 5.0, 10.0]
        .into_iter()
        .find(|m| m * magnitude >= raw);
    multiple.unwrap_or(10.0) * magnitude
}

/// A number as an axis shows it.
fn label(value: f64) -> String {
    let text = if value.abs() >= 100_000.0 {
        format!("{:.0}k", value / 1_000.0)
    } else {
        format!("{value:.2}")
    };
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Where values lie in the chart.
struct Scale {
    x: (f64, f64),
    top: f64,
}

impl Scale {
    fn of(chart: &Chart) -> Self {
        let points = || chart.lines.iter().flat_map(|line| &line.points);
        let first = points().map(|p| p.0).fold(f64::INFINITY, f64::min);
        let last = points().map(|p| p.0).fold(f64::NEG_INFINITY, f64::max);
        let x = if first < last { (first, last) } else { (0.0, 1.0) };
        let target = chart.target.map_or(0.0, |(level, _)| level);
        let highest = points().map(|p| p.1).fold(target, f64::max);
        let step = step(if highest > 0.0 { highest } else { 1.0 });
        Self {
            x,
            top: ((highest / step).floor() + 1.0) * step,
        }
    }

    fn at(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (first, last) = self.x;
        (
            LEFT + (x - first) / (last - first) * (RIGHT - LEFT),
            BOTTOM - (y / self.top).clamp(0.0, 1.0) * (BOTTOM - TOP),
        )
    }
}

impl Chart {
    /// The chart as a figure of HTML. Colours are the classes `s0`, `s1`, … of the page that it stands in.
    pub fn figure(&self) -> String {
        let scale = Scale::of(self);
        let mut svg = format!(
            "<figure><figcaption>{}</figcaption><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\">",
            self.title
        );
        self.grid(&scale, &mut svg);
        for (index, line) in self.lines.iter().enumerate() {
            let mut path = String::new();
            for point in &line.points {
                let (x, y) = scale.at(*point);
                let _ = write!(path, "{x:.1},{y:.1} ");
            }
            let _ = write!(
                svg,
                "<polyline class=\"line s{index}\" points=\"{}\"/>",
                path.trim_end()
            );
        }
        if let Some((level, name)) = self.target {
            let (_, y) = scale.at((scale.x.0, level));
            let _ = write!(
                svg,
                "<line class=\"target\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"target\" x=\"{RIGHT}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>",
                y - 4.0
            );
        }
        svg.push_str("</svg>");
        if self.lines.len() > 1 {
            svg.push_str("<p class=\"legend\">");
            for (index, line) in self.lines.iter().enumerate() {
                let _ = write!(svg, "<span><i class=\"s{index}\"></i>{}</span>", line.name);
            }
            svg.push_str("</p>");
        }
        svg.push_str("</figure>\n");
        svg
    }

    fn grid(&self, scale: &Scale, svg: &mut String) {
        let rise = step(scale.top);
        let mut level = 0.0;
        while level <= scale.top {
            let (_, y) = scale.at((scale.x.0, level));
            let _ = write!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{RIGHT}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                LEFT - 6.0,
                y + 4.0,
                label(level)
            );
            level += rise;
        }
        let run = step(scale.x.1 - scale.x.0);
        let mut at = (scale.x.0 / run).ceil() * run;
        while at <= scale.x.1 {
            let (x, _) = scale.at((at, 0.0));
            let _ = write!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{} s</text>",
                BOTTOM + 18.0,
                label(at)
            );
            at += run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_hold_everything() {
        for (span, expected) in [
            (1.0, 0.25),
            (4.0, 1.0),
            (600.0, 200.0),
            (0.3, 0.1),
            (520.0, 200.0),
        ] {
            assert!((step(span) - expected).abs() < 1e-12, "{span}: {}", step(span));
        }
        assert_eq!(
            (label(250.0), label(0.25), label(2_500_000.0)),
            ("250".into(), "0.25".into(), "2500k".into())
        );
        let chart = Chart {
            title: "a",
            lines: vec![Line {
                name: "b".into(),
                points: vec![(0.0, 0.0), (10.0, 499.0)],
            }],
            target: Some((500.0, "target")),
        };
        let scale = Scale::of(&chart);
        assert!(scale.top > 500.0, "{}", scale.top);
        assert_eq!(scale.at((10.0, 0.0)), (RIGHT, BOTTOM));
    }

    #[test]
    fn nothing_and_one_point_are_charts_too() {
        for points in [vec![], vec![(3.0, 0.0)]] {
            let lines = vec![Line {
                name: "a".into(),
                points,
            }];
            let figure = Chart {
                title: "t",
                lines,
                target: None,
            }
            .figure();
            assert!(figure.starts_with("<figure>") && figure.ends_with("</figure>\n"));
            assert!(!figure.contains("NaN") && !figure.contains("inf"), "{figure}");
        }
    }
}
