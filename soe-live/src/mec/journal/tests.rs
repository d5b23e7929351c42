use proptest::prelude::*;
use soe_model::mec::{
    ApiVersion, Application, ApplicationKey, Association, Client, ContextId, ContextRequest,
};

use super::*;

fn context(id: u128) -> Record {
    Record::Context {
        id: ContextId(id),
        request: ContextRequest {
            version: ApiVersion::V2,
            client: "10.0.0.1".into(),
            device: format!("d{id}"),
            callback: Some("http://10.0.0.1/d".into()),
            application: ApplicationKey::new("f", "p", "1.0"),
        },
        told: None,
    }
}

fn all_sorts() -> Vec<Record> {
    let key = ApplicationKey::new("f", "p", "1.0");
    vec![
        Record::Application(Application::plain(key.clone())),
        Record::ApplicationRemoved(key),
        Record::Association(Association {
            client: Client::Any,
            application: "f".into(),
            endpoint: "e:1".into(),
        }),
        Record::AssociationRemoved {
            client: Client::Address("a".into()),
            application: "f".into(),
        },
        context(1),
        Record::ContextRemoved(ContextId(u128::MAX)),
    ]
}

fn file_of(records: &[Record]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    for record in records {
        encode(record, &mut bytes);
    }
    bytes
}

#[test]
fn records_are_read_as_they_were_written() {
    let bytes = file_of(&all_sorts());
    assert_eq!(decode(&bytes), Ok((all_sorts(), bytes.len())));
}

proptest! {
    /// Wherever a file is cut, the records before are intact; whatever byte changes, no
    /// record after it is believed, and none before it is lost.
    #[test]
    fn damage_costs_only_what_follows_it(cut in 0_usize..1000, flip in 0_usize..1000, bit in 0_u8..8) {
        let records = all_sorts();
        let bytes = file_of(&records);
        let cut = cut % bytes.len();
        if let Ok((read, good)) = decode(&bytes[..cut]) {
            prop_assert!(good <= cut);
            prop_assert_eq!(&records[..read.len()], &read[..]);
        }
        let mut damaged = bytes.clone();
        let flip = MAGIC.len() + flip % (bytes.len() - MAGIC.len());
        damaged[flip] ^= 1 << bit;
        let (read, good) = decode(&damaged).unwrap();
        prop_assert!(good <= flip);
        prop_assert!(read.len() < records.len());
        prop_assert_eq!(&records[..read.len()], &read[..]);
    }

    #[test]
    fn nothing_that_is_in_a_file_ends_the_process(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&content);
        let mut content = content;
        content.splice(0..0, MAGIC.iter().copied());
        prop_assert!(decode(&content).is_ok());
    }
}

#[tokio::test]
async fn what_is_confirmed_is_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contexts");
    let (journal, records) = Journal::open(&path).unwrap();
    assert_eq!(records, []);
    for id in 0..10 {
        journal.append(&[context(id)]).kept().await.unwrap();
        let (records, _) = decode(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(records.len() as u128, id + 1);
    }
    journal
        .replace([context(99)].into_iter())
        .kept()
        .await
        .unwrap();
    journal.append(&[context(100)]).kept().await.unwrap();
    drop(journal);
    let (_journal, records) = Journal::open(&path).unwrap();
    assert_eq!(records, [context(99), context(100)]);
}

#[tokio::test]
async fn a_torn_tail_is_moved_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contexts");
    let mut bytes = file_of(&[context(1)]);
    bytes.extend(&file_of(&[context(2)])[MAGIC.len()..][..20]);
    std::fs::write(&path, &bytes).unwrap();
    let (journal, records) = Journal::open(&path).unwrap();
    assert_eq!(records, [context(1)]);
    assert_eq!(
        std::fs::read(folder.path().join("contexts.damaged"))
            .unwrap()
            .len(),
        20
    );
    journal.append(&[context(3)]).kept().await.unwrap();
    drop(journal);
    let (_journal, records) = Journal::open(&path).unwrap();
    assert_eq!(records, [context(1), context(3)]);
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contexts");
    std::fs::write(&path, "[client.phone]\n").unwrap();
    let error = Journal::open(&path).unwrap_err().to_string();
    assert!(error.contains("not a file of contexts"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "[client.phone]\n");
}

#[test]
fn two_processes_do_not_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contexts");
    let first = Journal::open(&path).unwrap();
    let error = Journal::open(&path).unwrap_err().to_string();
    assert!(error.contains("in use"), "{error}");
    drop(first);
    Journal::open(&path).unwrap();
}

#[tokio::test]
async fn a_long_file_asks_to_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contexts");
    let (journal, _) = Journal::open(&path).unwrap();
    let mut written = 0;
    while !journal.is_long() {
        let batch: Vec<_> = (0..1000).map(context).collect();
        written += file_of(&batch).len();
        journal.append(&batch).kept().await.unwrap();
        // The writer looks at the size after it has confirmed.
        journal.append(&[context(0)]).kept().await.unwrap();
        assert!(written < 2 * JOURNAL_SMALL);
    }
    journal
        .replace([context(1)].into_iter())
        .kept()
        .await
        .unwrap();
    assert!(std::fs::metadata(&path).unwrap().len() < 1000);
}

#[tokio::test]
async fn what_cannot_be_written_is_not_confirmed_and_comes_with_the_next_replacement() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("inner");
    std::fs::create_dir(&inner).unwrap();
    let path = inner.join("contexts");
    let (journal, _) = Journal::open(&path).unwrap();
    let moved = folder.path().join("moved");
    std::fs::rename(&inner, &moved).unwrap();
    let failed = journal.replace([context(1)].into_iter()).kept().await;
    assert_eq!(failed, Err(NotKept));
    assert_eq!(journal.append(&[context(2)]).kept().await, Err(NotKept));
    std::fs::rename(&moved, &inner).unwrap();
    let both = [context(1), context(2)];
    journal
        .replace(both.clone().into_iter())
        .kept()
        .await
        .unwrap();
    drop(journal);
    let (_journal, records) = Journal::open(&path).unwrap();
    assert_eq!(records, both);
}
