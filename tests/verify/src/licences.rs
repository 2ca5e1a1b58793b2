//! Whether a crate's licence expression can be met with the licences that `deny.toml` allows.
//!
//! Reads SPDX expressions (`OR`, `AND`, `WITH`, parentheses) and the older `A/B` for "either".
//! What it cannot read it refuses.

use crate::error::VerifyError;

/// True when the expression can be met by the allowed licences.
pub(crate) fn allowed(expression: &str, allow: &[String]) -> Result<bool, VerifyError> {
    let bad = || VerifyError::LicenceExpression(expression.to_owned());
    let tokens = tokens(expression);
    let mut reader = Reader { tokens: &tokens, at: 0, allow };
    let met = reader.either().ok_or_else(bad)?;
    if reader.at == tokens.len() { Ok(met) } else { Err(bad()) }
}

fn tokens(expression: &str) -> Vec<String> {
    expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ")
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

struct Reader<'a> {
    tokens: &'a [String],
    at: usize,
    allow: &'a [String],
}

impl Reader<'_> {
    fn either(&mut self) -> Option<bool> {
        let mut met = self.both()?;
        while self.take("OR") {
            met |= self.both()?;
        }
        Some(met)
    }

    fn both(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.either()?;
            return self.take(")").then_some(met);
        }
        let mut name = self.word()?;
        if self.take("WITH") {
            name = format!("{name} WITH {}", self.word()?);
        }
        Some(self.allow.contains(&name))
    }

    fn word(&mut self) -> Option<String> {
        let word = self.tokens.get(self.at)?;
        if ["OR", "AND", "WITH", "(", ")"].contains(&word.as_str()) {
            return None;
        }
        self.at += 1;
        Some(word.clone())
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token == word);
        self.at += usize::from(found);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(expression: &str) -> Option<bool> {
        let allow = ["MIT", "Apache-2.0", "ISC", "Apache-2.0 WITH LLVM-exception"].map(str::to_owned);
        allowed(expression, &allow).ok()
    }

    #[test]
    fn either_needs_one_and_both_need_two() {
        assert_eq!(check("MIT OR GPL-3.0-only"), Some(true));
        assert_eq!(check("MIT AND GPL-3.0-only"), Some(false));
        assert_eq!(check("Apache-2.0 AND ISC"), Some(true));
        assert_eq!(check("GPL-3.0-only"), Some(false));
    }

    #[test]
    fn and_binds_closer_than_or() {
        assert_eq!(check("MIT OR GPL-3.0-only AND GPL-2.0-only"), Some(true));
        assert_eq!(check("(MIT OR GPL-3.0-only) AND GPL-2.0-only"), Some(false));
    }

    #[test]
    fn the_older_slash_means_either_and_an_exception_belongs_to_its_licence() {
        assert_eq!(check("GPL-2.0/MIT"), Some(true));
        assert_eq!(check("Apache-2.0 WITH LLVM-exception"), Some(true));
        assert_eq!(check("ISC WITH LLVM-exception"), Some(false));
    }

    #[test]
    fn what_is_not_an_expression_is_refused() {
        for bad in ["", "MIT OR", "(MIT", "MIT ISC", "AND MIT", "MIT)"] {
            assert_eq!(check(bad), None, "{bad}");
        }
    }
}
