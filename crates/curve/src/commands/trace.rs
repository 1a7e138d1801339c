//! `curve trace`

use std::collections::{BTreeMap, VecDeque};

use curvevm::{Opcode, Step, Value, Verified};

use super::{Compiled, read_and_compile};
use crate::{
    Error, Verdict,
    call::{Session, Target},
    cli::TraceArgs,
    shell::{Ink, Shell},
};

pub fn run(args: &TraceArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let Some(Compiled { source, artifact }) = read_and_compile(&args.file, shell)? else {
        return Ok(Verdict::Findings);
    };
    let target = Target {
        function: &args.function,
        args: &args.args,
        options: &args.options,
    };
    let session = Session::new(&source, &artifact, target)?;
    let code = session.code().clone();
    let mut recorder = Recorder::new(&code, args.steps);
    let answer = session.call(shell, Some(&mut |step| recorder.step(step)))?;
    recorder.print(&source.text, shell)?;
    shell.line(format!("\n{}", shell.ink(Ink::Head, &answer.call())))?;
    answer.print(shell)?;
    if let Err(failure) = &answer.result {
        let drawn = failure.render(&source, shell.style());
        shell.line(format!("\n{drawn}"))?;
    }
    Ok(Verdict::good_if(answer.result.is_ok()))
}

/// An instruction that ran.
struct Record {
    function: u16,
    pc: u16,
    /// Registers that it changed, if it is known by now.
    changes: Vec<(usize, Value)>,
}

/// What is known of a function that runs or waits.
struct Frame {
    registers: Vec<Option<Value>>,
    /// The serial number of its last instruction.
    last: u64,
}

/// Remembers the last instructions. What one has changed is seen when its function goes on: after a call, that is later.
struct Recorder<'a> {
    code: &'a Verified,
    records: VecDeque<Record>,
    most: usize,
    /// How many instructions there were.
    ran: u64,
    /// By function: none calls itself.
    frames: BTreeMap<u16, Frame>,
    previous: Option<Opcode>,
}

impl<'a> Recorder<'a> {
    fn new(code: &'a Verified, steps: u32) -> Self {
        Self {
            code,
            records: VecDeque::new(),
            most: usize::try_from(steps).unwrap_or(usize::MAX),
            ran: 0,
            frames: BTreeMap::new(),
            previous: None,
        }
    }

    fn step(&mut self, step: &Step) {
        let function = &self.code.program().functions[usize::from(step.function)];
        let registers: Vec<Option<Value>> = (0..function.register_types().count())
            .map(|at| step.register(at))
            .collect();
        if matches!(self.previous, None | Some(Opcode::Call)) {
            // A function that is entered begins anew.
            self.frames.remove(&step.function);
        }
        if let Some(frame) = self.frames.remove(&step.function) {
            self.settle(&frame, &registers);
        }
        if self.previous == Some(Opcode::Ret) {
            // Whoever returned does not go on.
            let returned = self.records.back().map(|record| record.function);
            self.frames.retain(|function, _| Some(*function) != returned);
        }
        self.frames.insert(
            step.function,
            Frame {
                registers,
                last: self.ran,
            },
        );
        if self.records.len() == self.most {
            self.records.pop_front();
        }
        self.records.push_back(Record {
            function: step.function,
            pc: step.pc,
            changes: Vec::new(),
        });
        self.ran = self.ran.saturating_add(1);
        self.previous = Some(step.instr.op);
    }

    /// Notes what a function's last instruction has changed.
    fn settle(&mut self, frame: &Frame, now: &[Option<Value>]) {
        let first = self.ran.saturating_sub(self.records.len() as u64);
        let at = frame
            .last
            .checked_sub(first)
            .and_then(|at| usize::try_from(at).ok());
        let Some(record) = at.and_then(|at| self.records.get_mut(at)) else {
            return;
        };
        let pairs = frame.registers.iter().zip(now).enumerate();
        let changed = pairs.filter(|(_, (before, now))| before != now);
        record.changes = changed
            .filter_map(|(at, (_, now))| Some((at, now.clone()?)))
            .collect();
    }

    fn print(&self, source: &str, shell: &mut Shell) -> Result<(), Error> {
        let hidden = self.ran.saturating_sub(self.records.len() as u64);
        if hidden > 0 {
            let note = format!("{hidden} instructions before these are not shown: see --steps");
            shell.line(shell.ink(Ink::Faint, &note))?;
        }
        let lines: Vec<&str> = source.lines().collect();
        let program = self.code.program();
        let mut last = None;
        for Record {
            function,
            pc,
            changes,
        } in &self.records
        {
            let line = program.locate(*function, *pc).map_or(0, |place| place.line);
            let declared = &program.functions[usize::from(*function)];
            if last.replace((*function, line)) != Some((*function, line)) {
                let text = usize::try_from(line)
                    .ok()
                    .and_then(|line| lines.get(line.checked_sub(1)?));
                let head = format!("{line:>4} | {}", text.copied().unwrap_or_default().trim());
                let name = shell.ink(Ink::Faint, &declared.name);
                shell.line(format!("{}  {name}", shell.ink(Ink::Head, &head)))?;
            }
            let gas = self.code.instruction_gas(*function, *pc).unwrap_or_default().0;
            let instr = program.show(&declared.code[usize::from(*pc)]);
            let changes: Vec<String> = changes
                .iter()
                .map(|(at, value)| format!("r{at} = {value}"))
                .collect();
            let row = format!("{pc:>8}  {instr:<36} {gas:>7}  {}", changes.join(", "));
            shell.line(row.trim_end())?;
        }
        Ok(())
    }
}
