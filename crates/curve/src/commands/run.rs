//! `curve run`

use super::{Compiled, read_and_compile};
use crate::{
    Error, Verdict,
    call::{Session, Target},
    cli::RunArgs,
    shell::Shell,
};

pub fn run(args: &RunArgs, shell: &mut Shell) -> Result<Verdict, Error> {
    let Some(Compiled { source, artifact }) = read_and_compile(&args.file, shell)? else {
        return Ok(Verdict::Findings);
    };
    let target = Target {
        function: &args.function,
        args: &args.args,
        options: &args.options,
    };
    let answer = Session::new(&source, &artifact, target)?.call(shell, None)?;
    if let (Ok(_), Some(path)) = (&answer.result, &args.options.state) {
        answer.state.write(path, &artifact.hir.name)?;
    }
    if shell.is_json() {
        shell.json(&answer.json())?;
    } else {
        answer.print(shell)?;
        if let Err(failure) = &answer.result {
            let drawn = failure.render(&source, shell.notice_style());
            shell.notice(drawn);
        }
    }
    Ok(Verdict::good_if(answer.result.is_ok()))
}
