//! Answers in pages.
//!
//! A token names the last item of its page, so that what appears or goes in between neither repeats nor hides an item.

use crate::api::{ApiError, Tree, make, read};

/// How an action pages: the names of its fields, and its limits.
pub(super) struct Paging {
    pub(super) size: &'static str,
    pub(super) token: &'static str,
    pub(super) default: usize,
    pub(super) most: usize,
}

/// `MaxRecords` and `NextToken`, as Auto Scaling and CloudWatch have them.
pub(super) const fn records(default: usize, most: usize) -> Paging {
    Paging { size: "MaxRecords", token: "NextToken", default, most }
}

/// One page of `items`, and the token of the next.
pub(super) fn page<T>(
    paging: &Paging,
    input: &Tree,
    items: impl Iterator<Item = T>,
    key: impl Fn(&T) -> String,
) -> Result<(Vec<T>, Option<Tree>), ApiError> {
    let size = match read::integer(input, paging.size)? {
        None => paging.default,
        Some(asked) => usize::try_from(asked)
            .ok()
            .filter(|size| (1..=paging.most).contains(size))
            .ok_or_else(|| ApiError::invalid(format!("{} is {asked}, not 1 to {}", paging.size, paging.most)))?,
    };
    let mut rest = items.peekable();
    if let Some(last) = read::maybe_text(input, paging.token)? {
        rest.by_ref().find(|item| key(item) == last).ok_or_else(|| {
            ApiError::new(400, "InvalidNextToken", format!("the {} names nothing that is still there", paging.token))
        })?;
    }
    let page: Vec<T> = rest.by_ref().take(size).collect();
    let next = rest.peek().and_then(|_| page.last()).map(|last| make::text(key(last)));
    Ok((page, next))
}
