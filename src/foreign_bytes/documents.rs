//! Documents of our own that somebody else may have written: the registry, events, records, claims, what was agreed to.

use std::path::Path;

use serde_json::Value;

use super::press;
use crate::model::carry::record::CarryRecord;
use crate::model::claim_file::ClaimFile;
use crate::model::claim_ref::{self, ClaimWords};
use crate::model::event::Event;
use crate::model::event::tally;
use crate::model::host_entry::HostWords;
use crate::model::notify::ledger::Ledger;
use crate::model::port::selection::owned_ports;
use crate::model::registry::document::Document;
use crate::model::registry::glimpse::{self, Signs};
use crate::model::registry::repository::RepositoryId;
use crate::model::registry::salvage::salvage;
use crate::model::registry::table::Registry;
use crate::model::services::record::ServicesRecord;
use crate::model::trust::Approvals;

#[test]
fn a_registry() {
    press("registry", |bytes| {
        if let Ok(registry) = Registry::parse(bytes, Path::new("registry.json")) {
            let written = registry.render().unwrap();
            let again = Registry::parse(&written, Path::new("registry.json")).unwrap();
            assert_eq!(again, registry, "what is written down is what was read");
            assert_eq!(owned_ports(&again), owned_ports(&registry));
        }
        let id: RepositoryId = serde_json::from_value(Value::from("a")).unwrap();
        let _ = glimpse::rows(bytes, &id);
        let mut signs = Signs::new(Some(&id), "/r/.git");
        signs.read(bytes);
        let _ = signs.call_for_healing();
        salvage(&[bytes.to_vec()]).render().unwrap();
    });
}

#[test]
fn events() {
    press("events", |bytes| {
        let lines = bytes.split(|byte| *byte == b'\n');
        let events: Vec<Event> = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        for event in &events {
            let written = serde_json::to_vec(event).unwrap();
            assert_eq!(&serde_json::from_slice::<Event>(&written).unwrap(), event);
        }
        for event in &events {
            let _ = tally::resolution(event);
        }
    });
}

#[test]
fn records() {
    press("records", |bytes| {
        if let Ok(record) = serde_json::from_slice::<ServicesRecord>(bytes) {
            let written = serde_json::to_vec(&record).unwrap();
            serde_json::from_slice::<ServicesRecord>(&written).unwrap();
            let _: Vec<_> = record.services.iter().map(|service| service.facts(|_| false, false)).collect();
        }
        let _ = serde_json::from_slice::<CarryRecord>(bytes);
        let _ = serde_json::from_slice::<Approvals>(bytes);
        Ledger::read(bytes).write().unwrap();
    });
}

#[test]
fn claims() {
    press("claims", |bytes| {
        let _ = ClaimFile::parse(bytes, 1000);
        let text = String::from_utf8_lossy(bytes);
        let _ = ClaimWords::parse(&text);
        let _ = claim_ref::words::<HostWords>(&text);
        let _ = (claim_ref::reference(&text), claim_ref::repository_name(&text), ClaimFile::user_of(&text));
    });
}
