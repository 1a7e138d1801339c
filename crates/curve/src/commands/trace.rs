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
    shell.line(shell.ink(Ink::Head, &answer.call()))?;
    recorder.print(&source.text, &|text| answer.with_names(text), shell)?;
    shell.line("")?;
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
    /// What the function was given, if it begins here.
    params: Option<Vec<Option<Value>>>,
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
        let going_on = self.frames.remove(&step.function);
        let going_on = going_on.filter(|_| self.previous != Some(Opcode::Call));
        if let Some(frame) = &going_on {
            self.settle(frame, &registers);
        }
        let given = || registers.iter().take(function.params.len()).cloned().collect();
        let params = going_on.is_none().then(given);
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
            params,
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

    fn print(&self, source: &str, named: &dyn Fn(&str) -> String, shell: &mut Shell) -> Result<(), Error> {
        let hidden = self.ran.saturating_sub(self.records.len() as u64);
        if hidden > 0 {
            let note = format!("{hidden} instructions before these are not shown: see --steps");
            shell.line(shell.ink(Ink::Faint, &note))?;
        }
        let lines: Vec<&str> = source.lines().collect();
        let mut last = None;
        for record in &self.records {
            let Record { function, pc, .. } = record;
            let line = self
                .code
                .program()
                .locate(*function, *pc)
                .map_or(0, |place| place.line);
            if last.map(|(function, _)| function) != Some(*function) || record.params.is_some() {
                shell.line(format!("\n{}", named(&self.head(record))))?;
            }
            if last.replace((*function, line)) != Some((*function, line)) {
                let text = usize::try_from(line)
                    .ok()
                    .and_then(|line| lines.get(line.checked_sub(1)?));
                let text = format!("{line:>4} | {}", text.copied().unwrap_or_default().trim());
                shell.line(shell.ink(Ink::Head, &text))?;
            }
            shell.line(named(&self.row(record)))?;
        }
        Ok(())
    }

    /// The function, and what it was given if it begins.
    fn head(&self, record: &Record) -> String {
        let function = &self.code.program().functions[usize::from(record.function)];
        let Some(params) = &record.params else {
            return format!("{}, going on", function.name);
        };
        let given = function.params.iter().zip(params).enumerate();
        let given = given
            .filter_map(|(at, (field, value))| Some(format!("r{at} {} = {}", field.name, value.as_ref()?)));
        let given: Vec<String> = given.collect();
        format!("{}  {}", function.name, given.join(", "))
            .trim_end()
            .to_owned()
    }

    fn row(&self, record: &Record) -> String {
        let Record {
            function,
            pc,
            changes,
            ..
        } = record;
        let program = self.code.program();
        let gas = self.code.instruction_gas(*function, *pc).unwrap_or_default().0;
        let instr = program.show(&program.functions[usize::from(*function)].code[usize::from(*pc)]);
        let changes: Vec<String> = changes
            .iter()
            .map(|(at, value)| format!("r{at} = {value}"))
            .collect();
        format!("{pc:>8}  {instr:<36} {gas:>7}  {}", changes.join(", "))
            .trim_end()
            .to_owned()
    }
}
