//! The codes of diagnostics: one table gives names, titles and explanations.

use std::fmt;

use super::Severity;

/// A way to be wrong, and how not to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    text: &'static str,
    title: &'static str,
    explanation: &'static str,
    wrong: Option<&'static str>,
    right: Option<&'static str>,
}

macro_rules! codes {
    ($($name:ident $text:literal $title:literal $explanation:literal $wrong:expr, $right:expr;)*) => {
        /// What kind of diagnostic. Codes keep their meaning for good.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            const fn entry(self) -> Entry {
                match self {
                    $(Self::$name => Entry {
                        text: $text,
                        title: $title,
                        explanation: $explanation,
                        wrong: $wrong,
                        right: $right,
                    },)*
                }
            }
        }
    };
}

impl Code {
    /// As shown: `E0301`.
    pub const fn text(self) -> &'static str {
        self.entry().text
    }

    /// What it is about, in a few words.
    pub const fn title(self) -> &'static str {
        self.entry().title
    }

    /// Errors begin with `E`, warnings with `W`.
    pub const fn severity(self) -> Severity {
        match self.text().as_bytes() {
            [b'W', ..] => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// The code that is written so, in either case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.text().eq_ignore_ascii_case(text))
    }

    /// What it means and what to do, in Markdown.
    pub fn explanation(self) -> String {
        let entry = self.entry();
        let mut text = format!("{}: {}\n\n{}\n", entry.text, entry.title, entry.explanation);
        for (head, example) in [("Wrong:", entry.wrong), ("Right:", entry.right)] {
            if let Some(example) = example.filter(|example| !example.is_empty()) {
                text.push_str(&format!("\n{head}\n\n```curve\n{example}\n```\n"));
            }
        }
        text
    }

    /// Items that show it, and items that show how to avoid it, without the line `program …;`.
    pub const fn examples(self) -> (Option<&'static str>, Option<&'static str>) {
        let entry = self.entry();
        (entry.wrong, entry.right)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

codes! {
    UnknownCharacter "E0001" "a character that means nothing"
        "Sources are ASCII outside of strings and comments, and use only the marks of the grammar."
        Some("const A: Count = 1 # 2;"),
        Some("const A: Count = 1;");
    UnterminatedString "E0002" "a string without an end"
        r#"A string ends on the line where it begins. Inside, `\n`, `\\`, `\"` and `\x41` are written with a backslash."#
        Some(r#"const A: Bytes<8> = "text;"#),
        Some(r#"const A: Bytes<8> = "text";"#);
    BadNumber "E0003" "a number that cannot be read"
        "Numbers are digits, with `_` between them for the eye and a fraction only before a unit that has one. Their unit stands apart. They fit into 64 bits."
        Some("const A: Asset = 12ASSET;"),
        Some("const A: Asset = 12 ASSET;");
    SourceTooLong "E0004" "a file that is too long"
        "The compiler reads files of up to 256 KiB, so that its time and memory are bounded."
        None,
        None;
    BadEscape "E0005" "an escape that is not known"
        r#"Known are `\n`, `\t`, `\\`, `\"` and `\x` with two hexadecimal digits."#
        Some(r#"const A: Bytes<8> = "\q";"#),
        Some(r#"const A: Bytes<8> = "q";"#);
    Unexpected "E0101" "something else was expected"
        "The grammar allows something else at this place. The message says what."
        Some("entry go( {}"),
        Some("entry go() {}");
    Unclosed "E0102" "brackets that are not closed"
        "Every `(`, `[` and `{` has its counterpart. The place where the unclosed one was opened is shown, too."
        Some("entry go() {"),
        Some("entry go() {}");
    TooDeep "E0103" "too much inside one another"
        "Expressions, blocks and types may lie 64 deep inside one another, counting each operator of a chain, and those of functions that call one another 192 together. Give a name to a part of it with `let`, or make it a `fn`."
        None,
        None;
    ChainedComparison "E0104" "comparisons do not chain"
        "`a < b < c` could mean several things. Say which, with `&&`."
        Some("view v(a: Count) -> Bool { 1 < a < 5 }"),
        Some("view v(a: Count) -> Bool { 1 < a && a < 5 }");
    PlainDivision "E0105" "a division without a rounding"
        "Whole numbers rarely divide evenly, and who gets the rest is a decision about money. So there is no plain `/`: `/down` rounds in favour of who keeps the rest, `/up` in favour of who gets the quotient. For a product divided by something, `mul_div_down` and `mul_div_up` are exact in between."
        Some("view half(a: Asset) -> Asset { a / 2 }"),
        Some("view half(a: Asset) -> Asset { a /down 2 }");
    NoProgram "E0106" "a file without its name"
        "Each file begins with `program name;`. Interfaces and explorers show that name."
        None,
        None;
    NotAssignable "E0107" "an assignment to something that is not a place"
        "Only variables, their fields, and state can be assigned to."
        Some("entry go() { 1 = 2; }"),
        Some("entry go() { let mut a = 1; a = 2; }");
    StrayDocs "E0108" "documentation of nothing"
        "`///` documents the item, field or variant that follows it. Inside of bodies and behind code, use `//`."
        Some("entry go() {\n    /// Nothing.\n}"),
        Some("entry go() {\n    // Nothing.\n}");
    StrayItem "E0109" "an item where none can be"
        "Items stand at the top of the file, not within one another."
        None,
        None;
    UnknownName "E0201" "a name that is not known here"
        "Names are declared before the place where they are used, or are items of the file. State is written `state.name`."
        Some("view v() -> Count { countr }"),
        Some("const COUNTER: Count = 1;\nview v() -> Count { COUNTER }");
    DuplicateName "E0202" "a name that is used twice"
        "Two things in the same place cannot have the same name, and a variable cannot hide another one or an item: what a name means should not depend on where one looks."
        Some("const A: Count = 1;\nconst A: Count = 2;"),
        Some("const A: Count = 1;\nconst B: Count = 2;");
    UnknownType "E0203" "a type that is not known"
        "Types are the built-in ones, the file's structs and enums, and its units and their products."
        Some("state { owner: Adress }"),
        Some("state { owner: Address }");
    UnknownField "E0204" "a field that does not exist"
        "The struct, the state or the variant has no field of that name."
        Some("struct P { x: Count }\nfn f(p: P) -> Count { p.z }"),
        Some("struct P { x: Count }\nfn f(p: P) -> Count { p.x }");
    UnknownVariant "E0205" "a variant that does not exist"
        "The enum has no variant of that name."
        Some("enum E { A }\nfn f() -> E { E.B }"),
        Some("enum E { A }\nfn f() -> E { E.A }");
    ReservedName "E0206" "a name that is taken by the language"
        "`caller`, `payment`, `now`, `height`, the built-in functions and types mean the same everywhere."
        Some("entry go(now: Time) {}"),
        Some("entry go(at: Time) {}");
    Recursion "E0207" "something that contains or calls itself"
        "Functions do not call themselves, directly or through others, so that the gas and the depth of a call are known. A constant or a struct cannot be made of itself either."
        Some("fn f() -> Count { f() }"),
        Some("fn f() -> Count { 1 }");
    Mismatch "E0301" "a value of another type than needed"
        "There are no conversions. The message says what is needed and what is there."
        Some("view v() -> Bool { 1 }"),
        Some("view v() -> Bool { true }");
    UnitMismatch "E0302" "numbers of different units"
        "Numbers are added to, subtracted from, and compared with numbers of the same unit only: an amount plus a count is no amount. To put a unit on, multiply by one of it (`n * 1 Share`); to take it off, divide (`s /down 1 Share`)."
        Some("unit Share;\nview v(a: Asset, s: Share) -> Asset { a + s }"),
        Some("unit Share;\nview v(a: Asset, s: Share) -> Asset { a + s * 2 ASSET/Share }");
    NoOperator "E0303" "an operator that the type does not have"
        "Arithmetic is for numbers, times and heights; `==` and `!=` also for booleans, addresses, hashes, bytes and enums without fields; `&&`, `||`, `!` for booleans. A `Ratio` multiplies by `mul_down` and `mul_up`, because the result is rounded."
        Some("view v(a: Address, b: Address) -> Bool { a < b }"),
        Some("view v(a: Address, b: Address) -> Bool { a == b }");
    WrongArguments "E0304" "too many or too few arguments"
        "The function is declared with another number of parameters."
        Some("fn f(a: Count) -> Count { a }\nview v() -> Count { f() }"),
        Some("fn f(a: Count) -> Count { a }\nview v() -> Count { f(1) }");
    MissingField "E0305" "fields without a value"
        "A struct, event or variant is made with all of its fields: there are no defaults that one could forget."
        Some("struct P { x: Count, y: Count }\nfn f() -> P { P { x: 1 } }"),
        Some("struct P { x: Count, y: Count }\nfn f() -> P { P { x: 1, y: 2 } }");
    NotAKey "E0306" "a type that cannot be a key"
        "Keys of maps are numbers, times, heights, addresses or hashes, or two to four of these in parentheses. Of anything else, `sha256(…)` makes a hash."
        Some("struct P { x: Count }\nstate { m: map P => Count }"),
        Some("state { m: map Hash => Count }");
    TypeNotAllowed "E0307" "a type in the wrong place"
        "A `Vault` and a `map` exist only as fields of `state`: money and maps are places, not values."
        Some("fn f(v: Vault) {}"),
        Some("fn f(v: Asset) {}");
    NotExhaustive "E0308" "a match that forgets something"
        "A `match` says what happens in every case. `_` stands for the rest."
        Some("enum E { A, B }\nfn f(e: E) -> Count { match e { E.A => 1 } }"),
        Some("enum E { A, B }\nfn f(e: E) -> Count { match e { E.A => 1, E.B => 2 } }");
    BadPattern "E0309" "a pattern that cannot fit"
        "A pattern is a literal or a variant of the matched value's type, or `_`."
        Some("enum E { A }\nfn f(e: E) -> Count { match e { 1 => 1, _ => 2 } }"),
        Some("enum E { A }\nfn f(e: E) -> Count { match e { E.A => 1 } }");
    BadUnit "E0310" "a unit that cannot be"
        "Units are declared (`unit Share;`) or built in. Powers stay between -8 and 8, a unit under a square root has an even power, and a number below one `nASSET` does not exist."
        Some("view v() -> Asset { 1 Share }"),
        Some("unit Share;\nview v() -> Share { 1 Share }");
    NoValue "E0311" "nothing, where a value is needed"
        "A block is worth its last expression, without `;`. An `if` without `else`, a loop and a function without `->` are worth nothing."
        Some("view v() -> Count { 1; }"),
        Some("view v() -> Count { 1 }");
    NotCallable "E0312" "something that cannot be called here"
        "Entries and `init` are called by transactions, and in tests by `call` and `deploy`. Code that two entries share goes into a `fn`."
        Some("entry a() {}\nentry b() { a(); }"),
        Some("fn a() {}\nentry b() { a(); }\nentry c() { a(); }");
    BytesTooLong "E0313" "a string that is too long"
        "`Bytes<N>` holds at most N bytes, and N is at most 1024."
        Some(r#"const A: Bytes<2> = "abc";"#),
        Some(r#"const A: Bytes<3> = "abc";"#);
    BadAddress "E0314" "an address that cannot be read"
        "An address is 32 bytes in base58, as wallets show it."
        Some(r#"const A: Address = address("0x12");"#),
        Some(r#"const A: Address = address("11111111111111111111111111111111");"#);
    NotMutable "E0401" "a variable that does not change"
        "Variables keep their value unless they are declared with `let mut`. Parameters and loop variables always keep it."
        Some("entry go() { let a = 1; a = 2; }"),
        Some("entry go() { let mut a = 1; a = 2; }");
    VaultAssigned "E0402" "money made or lost by an assignment"
        "What lies in a vault is real $ASSET. Only `move` changes it, so that what leaves one place arrives in another."
        Some("state { pot: Vault }\nentry go() payable { state.pot += payment; }"),
        Some("state { pot: Vault }\nentry go() payable { move payment to state.pot; }");
    NotAVault "E0403" "money moved from somewhere that is no vault"
        "`move` takes from a vault: a state field of type `Vault`, an element of a map to `Vault`, or `payment`."
        Some("state { pot: Asset }\nentry go() { move 1 ASSET from state.pot to caller; }"),
        Some("state { pot: Vault }\nentry go() { move 1 ASSET from state.pot to caller; }");
    BadTarget "E0404" "money moved to somewhere that cannot hold it"
        "`move` gives to a vault or to an address."
        Some("entry go() payable { move payment to 5; }"),
        Some("entry go() payable { move payment to caller; }");
    NotPayable "E0405" "a payment where there is none"
        "`payment` exists in `payable` entries, and in their own bodies only. A `fn` that needs the amount takes it as a parameter."
        Some("state { pot: Vault }\nentry go() { move payment to state.pot; }"),
        Some("state { pot: Vault }\nentry go() payable { move payment to state.pot; }");
    PaymentUnused "E0406" "a payment that is never moved"
        "What is left in `payment` when the entry ends makes it fail, so this entry could only be called without a payment. Move it, or drop `payable`."
        Some("entry go() payable {}"),
        Some("entry go() payable { move payment to caller; }");
    NotReadOnly "E0407" "a change where only reading is allowed"
        "Views, invariants and what they call do not assign to state, move, or emit."
        Some("state { n: Count }\nview v() -> Count { state.n += 1; 1 }"),
        Some("state { n: Count }\nview v() -> Count { state.n + 1 }");
    NoCaller "E0408" "a caller where there is none"
        "Views and invariants are not called by an account. Take an address as a parameter instead."
        Some("view mine() -> Bool { caller == self }"),
        Some("view mine(who: Address) -> Bool { who == self }");
    NotAlone "E0409" "an invariant that asks another program"
        "What holds for this program must not depend on another one, which changes without asking. Keep what matters in the state."
        Some("interface Oracle { view price() -> Asset; }\ninvariant cheap: Oracle(self).price() < 5 ASSET;"),
        Some("state { price: Asset }\ninvariant cheap: state.price < 5 ASSET;");
    NotConstant "E0501" "a value that is not known to the compiler"
        "Constants and the bounds of loops are made of literals, constants declared above, and arithmetic on them; the size of bytes is a plain number."
        Some("view v(n: Count) -> Count { for i in 0..n {} n }"),
        Some("view v(n: Count) -> Count { for i in 0..10 { if i == n { break; } } n }");
    TooManyRounds "E0502" "a loop with too many rounds"
        "All loops of one call together run at most 65,536 times: nested ones multiply. More work is done in several calls."
        Some("entry go() { for i in 0..1_000_000 {} }"),
        Some("entry go() { for i in 0..1_000 {} }");
    OutsideOfLoop "E0503" "a `break` outside of a loop"
        "`break` leaves the innermost `for`."
        Some("entry go() { break; }"),
        Some("entry go() { for i in 0..3 { break; } }");
    NoReturn "E0504" "a `return` outside of a function"
        "Invariants, constants and tests have nothing to return to."
        Some(r#"test "t" { return; }"#),
        Some(r#"test "t" { assert true; }"#);
    ConstantFails "E0505" "a constant that cannot be computed"
        "The compiler evaluates constants with the same checked arithmetic as programs: an overflow or a division by zero is an error here."
        Some("const A: Count = 1 - 2;"),
        Some("const A: Count = 2 - 1;");
    EmptyRange "E0506" "a range with nothing in it"
        "The lower end of a range is below its upper end."
        Some("entry go() { for i in 5..5 {} }"),
        Some("entry go() { for i in 0..5 {} }");
    OnlyInTests "E0601" "a statement that only tests have"
        "`call`, `deploy`, `fund`, `advance`, `assert`, `expect` and `for all` act on the ledger from outside."
        Some("entry go() { assert true; }"),
        Some("error Wrong;\nentry go() { require true else Wrong; }");
    NotInTests "E0602" "something that tests cannot do"
        "A test acts from outside: it calls entries, and has no caller, payment, or right to change state itself."
        Some(r#"state { n: Count }
test "t" { state.n = 1; }"#),
        Some(r#"state { n: Count }
entry set() { state.n = 1; }
test "t" { call set() from account("a"); assert state.n == 1; }"#);
    UnknownFailure "E0603" "a failure that cannot happen"
        "Behind `fails` stands an error of the program, or `Overflow`, `DivisionByZero`, `OutOfRange`, `Insufficient`, `Unspent`, `NotPayable` or `Invariant`."
        Some(r#"entry go() {}
test "t" { call go() from account("a") fails Wrong; }"#),
        Some(r#"error Wrong;
entry go() { fail Wrong; }
test "t" { call go() from account("a") fails Wrong; }"#);
    TestFails "E0604" "a test that fails"
        "The statement that is shown did not do what the test says. Behind `with` stand the smallest values of `for all` that make it fail."
        None,
        None;
    TooLarge "E0701" "a program that is too large for the machine"
        "A function keeps a bounded number of values at a time, and a program has a bounded number of functions, fields and instructions. Divide it into smaller ones."
        None,
        None;
    UnusedVariable "W0901" "a variable that is never read"
        "Remove it, or write `_` before its name if it has to be there."
        Some("view v() -> Count { let a = 1; 2 }"),
        Some("view v() -> Count { 2 }");
    UnusedItem "W0902" "an item that is never used"
        "Nothing in the file uses it. Only entries, views, units, events' fields and invariants are used from outside."
        Some("fn f() -> Count { 1 }"),
        Some("");
    ProductThenQuotient "W0903" "a product that may overflow before it is divided"
        "`a * b /down c` overflows if a × b does not fit into 64 bits, even if the quotient would. `mul_div_down(a, b, c)` is exact."
        Some("view v(a: Asset) -> Asset { a * 3 /down 4 }"),
        Some("view v(a: Asset) -> Asset { mul_div_down(a, 3, 4) }");
    UnneededMut "W0904" "a `mut` that is not needed"
        "The variable is never assigned again."
        Some("view v() -> Count { let mut a = 1; a }"),
        Some("view v() -> Count { let a = 1; a }");
    Unreachable "W0905" "code that is never reached"
        "What stands before it always leaves: `return`, `break`, `fail`, or a case that an earlier one covers."
        Some("error No;\nentry go() { fail No; return; }"),
        Some("error No;\nentry go() { fail No; }");
    NameStyle "W0906" "a name in another style"
        "Types, units, events, errors and variants are `LikeThis`, constants `LIKE_THIS`, all else `like_this`: one sees what a name is."
        Some("const a: Count = 1;\nview v() -> Count { a }"),
        Some("const A: Count = 1;\nview v() -> Count { A }");
    NoEffect "W0907" "a statement without an effect"
        "The value is computed and forgotten."
        Some("entry go() { 1 + 2; }"),
        Some("entry go() {}");
}
