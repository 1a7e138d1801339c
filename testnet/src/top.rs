//! The dashboard as a terminal shows it.

use ratatui::Frame as Screen;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Sparkline, Table};

use crate::monitor::{Frame, Health, Point, Severity};

/// Draws a frame; `None` while there is none yet.
pub fn draw(screen: &mut Screen<'_>, frame: Option<&Frame>) {
    let Some(frame) = frame else {
        screen.render_widget(Paragraph::new("connecting…"), screen.area());
        return;
    };
    let alerts = u16::try_from(frame.alerts.len()).unwrap_or(u16::MAX).clamp(1, 8);
    let validators = u16::try_from(frame.validators.len()).unwrap_or(u16::MAX);
    let [head, charts, table, blocks, foot] = Layout::vertical([
        Constraint::Length(alerts + 2),
        Constraint::Length(7),
        Constraint::Length(validators.saturating_add(3)),
        Constraint::Min(4),
        Constraint::Length(1),
    ])
    .areas(screen.area());
    status(screen, head, frame);
    sparklines(screen, charts, frame);
    validator_table(screen, table, frame);
    block_table(screen, blocks, frame);
    screen.render_widget(
        Paragraph::new("q quits").style(Style::new().add_modifier(Modifier::DIM)),
        foot,
    );
}

const fn colour(severity: Option<Severity>) -> Color {
    match severity {
        None => Color::Green,
        Some(Severity::Warning) => Color::Yellow,
        Some(Severity::Critical) => Color::Red,
    }
}

fn status(screen: &mut Screen<'_>, area: Rect, frame: &Frame) {
    let worst = frame.alerts.first().map(|alert| alert.severity);
    let title = match worst {
        None => " all good ",
        Some(Severity::Warning) => " degraded ",
        Some(Severity::Critical) => " something is broken ",
    };
    let style = Style::new().fg(colour(worst));
    let lines: Vec<Line<'_>> = if frame.alerts.is_empty() {
        let text = format!("height {}, on Solana {}", frame.height, frame.settled);
        vec![Line::raw(text)]
    } else {
        let line = |alert: &crate::monitor::Alert| {
            let age = frame.now_ms.saturating_sub(alert.since_ms) / 1_000;
            let text = Span::styled(alert.text.clone(), Style::new().fg(colour(Some(alert.severity))));
            Line::from(vec![text, Span::raw(format!("  for {age} s"))])
        };
        frame.alerts.iter().map(line).collect()
    };
    let block = Block::bordered()
        .border_style(style)
        .title(Span::styled(title, style.add_modifier(Modifier::BOLD)));
    screen.render_widget(Paragraph::new(lines).block(block), area);
}

/// What a chart shows of a point.
type Shown = fn(&Point) -> u64;

fn sparklines(screen: &mut Screen<'_>, area: Rect, frame: &Frame) {
    let (p50, p95) = frame.interval_ms;
    let slow = frame.since_block_ms > 3_000 || p95 > frame.targets.interval_ms.1;
    let late = frame.lag_ms > frame.targets.lag_ms;
    // Transactions a second are shown as whole ones.
    let charts: [(String, Shown, bool); 3] = [
        (
            format!(" block interval: p50 {p50} p95 {p95} ms "),
            |point| point.interval_ms,
            slow,
        ),
        (
            format!(" {:.0} transactions a second ", frame.tps),
            |point| point.tps as u64,
            false,
        ),
        (
            format!(
                " oldest root not on Solana: {:.1} s ",
                frame.lag_ms as f64 / 1_000.0
            ),
            |point| point.lag_ms,
            late,
        ),
    ];
    let areas = Layout::horizontal([Constraint::Ratio(1, 3); 3]).split(area);
    for ((title, value, bad), area) in charts.into_iter().zip(areas.iter()) {
        let inside = usize::from(area.width.saturating_sub(2));
        let skipped = frame.history.len().saturating_sub(inside);
        let data: Vec<u64> = frame.history.iter().skip(skipped).map(value).collect();
        let tone = if bad { Color::Red } else { Color::Blue };
        let spark = Sparkline::default().data(data).style(Style::new().fg(tone));
        screen.render_widget(spark.block(Block::bordered().title(title)), *area);
    }
}

fn validator_table(screen: &mut Screen<'_>, area: Rect, frame: &Frame) {
    let head = [
        "",
        "height",
        "peers",
        "timeouts",
        "waiting",
        "cpu %",
        "MiB",
        "disk",
        "what is wrong",
    ];
    let rows = frame.validators.iter().map(|v| {
        let tone = match v.health {
            Health::Good => None,
            Health::Unwell => Some(Severity::Warning),
            Health::Down => Some(Severity::Critical),
        };
        let style = Style::new().fg(colour(tone));
        Row::new(vec![
            Cell::new(format!("● {}", v.index)).style(style),
            Cell::new(v.height.to_string()),
            Cell::new(v.peers.to_string()),
            Cell::new(v.timeouts.to_string()),
            Cell::new(v.mempool.to_string()),
            Cell::new(format!("{:.0}", v.cpu_percent)),
            Cell::new(format!("{:.0}", v.resident_mib)),
            Cell::new(format!("{:.1}", v.disk_mib)),
            Cell::new(v.wrong.join(", ")).style(style),
        ])
    });
    let widths = [4, 9, 6, 9, 8, 6, 6, 8].map(Constraint::Length);
    let widths = widths.into_iter().chain([Constraint::Min(20)]);
    let table =
        Table::new(rows, widths).header(Row::new(head).style(Style::new().add_modifier(Modifier::DIM)));
    screen.render_widget(table.block(Block::bordered().title(" validators ")), area);
}

fn block_table(screen: &mut Screen<'_>, area: Rect, frame: &Frame) {
    let rows = frame.blocks.iter().map(|block| {
        let leader = block.leader.map_or("–".to_owned(), |leader| leader.to_string());
        let settled = block
            .settled_after_ms
            .map_or("waiting".to_owned(), |ms| format!("{ms} ms"));
        Row::new([
            block.height.to_string(),
            block.view.to_string(),
            leader,
            block.transactions.to_string(),
            format!("{} ms", block.decided_after_ms),
            settled,
        ])
    });
    let head = ["height", "view", "leader", "tx", "final after", "on Solana after"];
    let widths = [9, 9, 7, 7, 12, 16].map(Constraint::Length);
    let table =
        Table::new(rows, widths).header(Row::new(head).style(Style::new().add_modifier(Modifier::DIM)));
    screen.render_widget(table.block(Block::bordered().title(" last blocks ")), area);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::monitor::{Alert, BlockFrame, TARGETS, ValidatorFrame};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    fn frame() -> Frame {
        let validator = |index| ValidatorFrame {
            index,
            health: if index == 3 { Health::Down } else { Health::Good },
            wrong: if index == 3 {
                vec!["does not answer".into()]
            } else {
                vec![]
            },
            height: 100,
            view: 101,
            peers: 3,
            timeouts: 1,
            mempool: 12,
            reorg_depth: 0,
            cpu_percent: 12.3,
            resident_mib: 64.0,
            disk_mib: 4.5,
        };
        Frame {
            now_ms: 60_000,
            targets: TARGETS,
            height: 100,
            settled: 98,
            since_block_ms: 100,
            interval_ms: (250, 261),
            tps: 499.7,
            lag_ms: 900,
            reorg_depth: 0,
            diverged: 0,
            validators: (0..4).map(validator).collect(),
            blocks: vec![BlockFrame {
                height: 100,
                view: 101,
                leader: Some(1),
                transactions: 125,
                made_ms: 59_000,
                decided_after_ms: 110,
                settled_after_ms: None,
            }],
            history: (0..30)
                .map(|second| Point {
                    at_ms: second * 1_000,
                    interval_ms: 250 + second,
                    ..Point::default()
                })
                .collect(),
            alerts: vec![Alert {
                severity: Severity::Critical,
                text: "validator 3: does not answer".into(),
                since_ms: 48_000,
            }],
        }
    }

    #[test]
    fn a_screen() {
        let mut terminal = Terminal::new(TestBackend::new(110, 24)).unwrap();
        terminal.draw(|screen| draw(screen, Some(&frame()))).unwrap();
        let shown = terminal.backend().to_string();
        for text in [
            "something is broken",
            "validator 3: does not answer  for 12 s",
            "block interval: p50 250 p95 261 ms",
            "500 transactions a second",
            "oldest root not on Solana: 0.9 s",
            "● 3",
            "110 ms",
            "waiting",
        ] {
            assert!(shown.contains(text), "{text}\n{shown}");
        }
    }

    #[test]
    fn nothing_yet_and_no_room_are_no_reason_to_panic() {
        for (width, height) in [(1, 1), (20, 5), (200, 60)] {
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|screen| draw(screen, None)).unwrap();
            terminal.draw(|screen| draw(screen, Some(&frame()))).unwrap();
        }
    }
}
