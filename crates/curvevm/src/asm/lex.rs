//! Lines of assembly as tokens.

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A name, a mnemonic, a number, a type, an arrow.
    Word(String),
    /// A text in quotes.
    Text(String),
    /// `(`, `)`, `{`, `}`, `,` or `:`.
    Mark(char),
}

/// The tokens of a line, without its comment. `None` if a text has no end.
pub fn tokens(line: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut chars = line.chars().peekable();
    while let Some(first) = chars.next() {
        match first {
            ';' => break,
            '(' | ')' | '{' | '}' | ',' | ':' => tokens.push(Token::Mark(first)),
            '"' => tokens.push(Token::Text(text(&mut chars)?)),
            _ if first.is_whitespace() => {}
            _ => {
                let mut word = String::from(first);
                while let Some(next) = chars.next_if(|c| !c.is_whitespace() && !"(){},:;\"".contains(*c)) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Some(tokens)
}

fn text(chars: &mut impl Iterator<Item = char>) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            '"' => return Some(text),
            '\\' => text.push(match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                other => other,
            }),
            other => text.push(other),
        }
    }
}

/// A text in quotes, as [`tokens`] reads it.
pub fn quote(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '"' | '\\' => quoted.extend(['\\', c]),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
