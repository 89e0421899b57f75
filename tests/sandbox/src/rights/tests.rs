use super::*;
use crate::policy::Grant;
use crate::roles::Refusal;

fn right(action: &str, needs: &[Need]) -> Right {
    let conditions = vec![format!("ForAllValues:StringEquals {}: www.example.com", BY_PARAMETER[0])];
    let grant = Grant { action: action.to_owned(), resource: "Table".to_owned(), conditions };
    Right { function: "Heal".to_owned(), grant, needs: needs.iter().cloned().collect() }
}

fn account(story: &str, rights: Vec<Right>) -> Needed {
    Needed { story: story.to_owned(), rights, refused: Vec::new(), allowed: Vec::new() }
}

#[test]
fn a_right_is_needed_if_any_story_needs_it_and_wrong_if_none_does() {
    let one = account("one", vec![right("a:Get", &[Need::Call]), right("a:Put", &[]), right("a:Kill", &[])]);
    let polls = Need::Service("Lambda, which polls".to_owned());
    let other = account("other", vec![right("a:Get", &[]), right("a:Put", &[polls]), right("a:Kill", &[])]);
    let rights = Rights::of(vec![one, other]);
    let condition = format!("ForAllValues:StringEquals {}: as the parameters say", BY_PARAMETER[0]);
    assert_eq!(rights.wrong, [format!("Heal is allowed a:Kill on Table ({condition}), and no story needs it")]);
}

#[test]
fn a_refusal_that_nobody_wanted_is_wrong_and_so_is_one_that_never_came() {
    let refusal = |on: &str| Refusal { function: "Heal".into(), action: "a:Get".into(), on: on.into() };
    let one = Needed {
        refused: vec![refusal("web")],
        allowed: vec![refusal("batch")],
        ..account("one", vec![right("a:Get", &[Need::Call])])
    };
    assert_eq!(
        Rights::of(vec![one]).wrong,
        [
            "one: Heal is not allowed a:Get on web, and needs it",
            "one: Heal was not refused a:Get on batch, as it should be"
        ]
    );
}

#[test]
fn a_page_has_each_right_once_and_names_nobody_who_is_unknown() {
    let both = |story| account(story, vec![right("a:Get", &[Need::Call]), right("a:Put", &[Need::Call])]);
    let rights = Rights::of(vec![both("one"), both("other")]);
    let page = rights.page();
    assert_eq!(rights.wrong(&page), [""; 0]);
    assert_eq!(rights.wrong(&page.replace("one", "other")), [""; 0]);
    assert_eq!(rights.wrong(&page.replace("one", "third")).len(), 2);
    let line = page.lines().find(|line| line.contains("a:Put")).unwrap();
    assert_eq!(rights.wrong(&page.replace(&format!("{line}\n"), "")).len(), 1);
    assert_eq!(rights.wrong(&format!("{page}{}\n", line.replace("a:Put", "a:Kill"))).len(), 1);
    assert_eq!(rights.wrong(&page.replace("a:Put", "a:Kill")).len(), 2);
}

#[test]
fn the_page_names_who_needs_the_most() {
    let one = account("a", vec![right("a:Get", &[Need::Call])]);
    let more = account("b", vec![right("a:Get", &[Need::Call]), right("a:Put", &[Need::Call])]);
    let page = Rights::of(vec![one, more]).page();
    assert_eq!((page.matches("| a |").count(), page.matches("| b |").count()), (0, 2), "{page}");
}

#[test]
fn a_folder_in_which_nobody_left_word_proves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    assert!(Rights::read(folder.path()).is_err());
}
