//! Rust sources: sizes, docs, nothing unfinished.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{
    Block, Expr, ImplItemFn, ItemFn, Signature, Stmt, TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

use super::Finding;

/// A file longer than this is an error.
const MAX_FILE: usize = 1000;
/// A file longer than this is a warning.
const LONG_FILE: usize = 600;
/// A function longer than this is an error, unless its body is one `match`.
const MAX_FUNCTION: usize = 70;
/// A shorter file may do without module docs, unless it is the root of a crate.
const NEEDS_DOCS: usize = 100;
/// Macros of code that is not finished.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Checks one file.
pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    let mut findings = check_length(path, lines);
    let file = match syn::parse_file(text) {
        Ok(file) => file,
        Err(error) => {
            findings.push(Finding::error(path, error.span().start().line, error.to_string()));
            return findings;
        }
    };
    let documented = file.attrs.first().is_some_and(|attr| attr.path().is_ident("doc"));
    if !documented && (is_crate_root(path) || lines > NEEDS_DOCS) {
        findings.push(Finding::error(path, 1, "does not begin with module docs (`//!`)"));
    }
    let mut functions = Functions { path, findings };
    functions.visit_file(&file);
    let mut findings = functions.findings;
    if let Ok(tokens) = text.parse::<TokenStream>() {
        check_tokens(path, tokens, &mut findings);
    }
    findings
}

fn is_crate_root(path: &str) -> bool {
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs")
}

fn check_length(path: &str, lines: usize) -> Vec<Finding> {
    if lines > MAX_FILE {
        vec![Finding::error(
            path,
            lines,
            format!("file of {lines} lines, at most {MAX_FILE}"),
        )]
    } else if lines > LONG_FILE {
        vec![Finding::warning(
            path,
            lines,
            format!("file of {lines} lines, better below {LONG_FILE}"),
        )]
    } else {
        Vec::new()
    }
}

struct Functions<'a> {
    path: &'a str,
    findings: Vec<Finding>,
}

impl Functions<'_> {
    fn check(&mut self, signature: &Signature, body: &Block) {
        let first = signature.span().start().line;
        let lines = body.span().end().line + 1 - first;
        let one_match = matches!(body.stmts.as_slice(), [Stmt::Expr(Expr::Match(_), _)]);
        if lines > MAX_FUNCTION && !one_match {
            let name = &signature.ident;
            let message = format!("function {name} of {lines} lines, at most {MAX_FUNCTION}");
            self.findings.push(Finding::error(self.path, first, message));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.check(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.check(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.check(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// Looks at tokens, not at syntax, so that nothing hides inside a macro's arguments.
fn check_tokens(path: &str, tokens: TokenStream, findings: &mut Vec<Finding>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1);
        match token {
            TokenTree::Ident(name) if is_punct(next, '!') && UNFINISHED.iter().any(|word| name == word) => {
                let line = name.span().start().line;
                findings.push(Finding::error(path, line, format!("unfinished: {name}!")));
            }
            TokenTree::Punct(hash) if hash.as_char() == '#' && ignores(next) => {
                findings.push(Finding::error(path, hash.span().start().line, "an ignored test"));
            }
            TokenTree::Group(group) => check_tokens(path, group.stream(), findings),
            _ => {}
        }
    }
}

fn is_punct(token: Option<&TokenTree>, expected: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}

/// Whether these are an attribute's brackets with `ignore` in them, also behind `cfg_attr`.
fn ignores(token: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(brackets)) = token else {
        return false;
    };
    let mut inside = brackets.stream().into_iter();
    let Some(TokenTree::Ident(name)) = inside.next() else {
        return false;
    };
    if brackets.delimiter() != Delimiter::Bracket {
        return false;
    }
    let behind = |token: TokenTree| match token {
        TokenTree::Group(group) => group
            .stream()
            .into_iter()
            .any(|t| matches!(t, TokenTree::Ident(word) if word == "ignore")),
        _ => false,
    };
    name == "ignore" || (name == "cfg_attr" && inside.any(behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "crates/a/src/lib.rs";
    const PART: &str = "crates/a/src/part.rs";

    fn found(path: &str, text: &str) -> Vec<(usize, String)> {
        check(path, text)
            .into_iter()
            .map(|f| (f.line, f.message))
            .collect()
    }

    fn function(body_lines: usize) -> String {
        format!("//! Docs.\n\nfn f() {{\n{}}}\n", "    g();\n".repeat(body_lines))
    }

    #[test]
    fn files_have_a_length() {
        let text = |lines: usize| format!("//! Docs.\n{}", "// x\n".repeat(lines - 1));
        assert_eq!(found(PART, &text(600)), []);
        assert_eq!(
            found(PART, &text(601)),
            [(601, "file of 601 lines, better below 600".to_owned())]
        );
        assert_eq!(
            found(PART, &text(1001)),
            [(1001, "file of 1001 lines, at most 1000".to_owned())]
        );
    }

    #[test]
    fn functions_have_a_length() {
        assert_eq!(found(LIB, &function(68)), []);
        assert_eq!(
            found(LIB, &function(69)),
            [(3, "function f of 71 lines, at most 70".to_owned())]
        );
        let methods = "//! Docs.\nimpl A {\n    async fn m() {\n".to_owned()
            + &"        g();\n".repeat(70)
            + "    }\n}\n";
        assert_eq!(
            found(LIB, &methods),
            [(3, "function m of 72 lines, at most 70".to_owned())]
        );
        let in_module = format!(
            "//! Docs.\nmod tests {{\n{}}}\n",
            function(80).replace("//! Docs.\n", "")
        );
        assert_eq!(found(LIB, &in_module).len(), 1);
        let in_trait = format!(
            "//! Docs.\ntrait T {{\n{}}}\n",
            function(80).replace("//! Docs.\n", "")
        );
        assert_eq!(found(LIB, &in_trait).len(), 1);
    }

    #[test]
    fn one_match_may_be_as_long_as_it_must() {
        let arms = "        1 => 2,\n".repeat(90);
        let one =
            format!("//! Docs.\nfn f(n: u8) -> u8 {{\n    match n {{\n{arms}        _ => 0,\n    }}\n}}\n");
        assert_eq!(found(LIB, &one), []);
        let more = one.replace("    match n {", "    g();\n    match n {");
        assert_eq!(found(LIB, &more).len(), 1);
    }

    #[test]
    fn roots_and_long_files_have_docs() {
        let missing = [(1, "does not begin with module docs (`//!`)".to_owned())];
        assert_eq!(found(LIB, "fn f() {}\n"), missing);
        assert_eq!(
            found("xtask/src/main.rs", "/// Not the module's.\nfn main() {}\n"),
            missing
        );
        assert_eq!(found(LIB, "#![no_std]\n//! Too late.\n"), missing);
        assert_eq!(found(PART, "fn f() {}\n"), []);
        assert_eq!(found(PART, &"// x\n".repeat(101)), missing);
    }

    #[test]
    fn nothing_is_unfinished_or_ignored() {
        let text = |line: &str| format!("//! Docs: todo!() is fine here.\n{line}\n");
        let macros = ["todo", "unimplemented", "dbg"];
        for name in macros {
            let expected = [(2, format!("unfinished: {name}!"))];
            assert_eq!(found(LIB, &text(&format!("fn f() {{ {name}!() }}"))), expected);
            assert_eq!(
                found(LIB, &text(&format!("fn f() {{ assert!(g({name}!(1))) }}"))),
                expected
            );
            assert_eq!(
                found(LIB, &text(&format!("fn f() {{ g(\"{name}!()\") }} // {name}!()"))),
                []
            );
        }
        let ignored = [(2, "an ignored test".to_owned())];
        assert_eq!(found(LIB, &text("#[ignore] fn f() {}")), ignored);
        assert_eq!(found(LIB, &text("#[ignore = \"slow\"] fn f() {}")), ignored);
        assert_eq!(found(LIB, &text("#[cfg_attr(unix, ignore)] fn f() {}")), ignored);
        assert_eq!(found(LIB, &text("#[derive(Debug)] struct A { ignore: u8 }")), []);
    }

    #[test]
    fn broken_syntax_is_an_error_with_its_line() {
        let findings = check(LIB, "//! Docs.\nfn f( {}\n");
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].line, 2);
    }
}
