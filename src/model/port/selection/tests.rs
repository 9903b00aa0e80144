//! The promises about which ports a worktree gets, over a machine that is a list of busy ports.

use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::prelude::*;

use super::*;
use crate::model::config::merge;
use crate::model::config::settings::ServiceSettings;
use crate::model::port::exclusion::built_in;

fn port(number: u16) -> Port {
    Port::new(number).unwrap()
}

fn ports(numbers: &[u16]) -> Vec<Port> {
    numbers.iter().copied().map(port).collect()
}

fn ranges(texts: &[&str]) -> PortRanges {
    PortRanges(texts.iter().map(|text| text.parse().unwrap()).collect())
}

fn wish(service: &str, range: &str) -> ServiceWish {
    ServiceWish {
        service: service.parse().unwrap(),
        ranges: ranges(&[range]),
        own_range: false,
        former: None,
        pinned: None,
    }
}

/// The built-in settings without their purposes: each test says where its ports come from.
fn config() -> Config {
    let config = merge::merge(&[], &[]).unwrap();
    Config { purposes: Vec::new(), services: BTreeMap::new(), ..config }
}

/// A machine and what is known about its ports, with how often each was asked about.
struct World {
    config: Config,
    owned: HashSet<Port>,
    exclusions: Vec<Exclusion>,
    skip: HashSet<Port>,
    former: Vec<Port>,
    busy: HashSet<Port>,
    denied: HashSet<Port>,
    asked: HashMap<Port, usize>,
}

fn world() -> World {
    World {
        config: config(),
        owned: HashSet::new(),
        exclusions: built_in("linux"),
        skip: HashSet::new(),
        former: Vec::new(),
        busy: HashSet::new(),
        denied: HashSet::new(),
        asked: HashMap::new(),
    }
}

impl World {
    fn owned(mut self, numbers: &[u16]) -> Self {
        self.owned = ports(numbers).into_iter().collect();
        self
    }

    fn busy(mut self, numbers: &[u16]) -> Self {
        self.busy = ports(numbers).into_iter().collect();
        self
    }

    fn skip(mut self, numbers: &[u16]) -> Self {
        self.skip = ports(numbers).into_iter().collect();
        self
    }

    fn excluded(mut self, range: &str) -> Self {
        self.exclusions.push(Exclusion::new(range.parse().unwrap(), "mine"));
        self
    }

    fn service_with(mut self, name: &str, range: &str) -> Self {
        let settings = ServiceSettings { ports: Some(ranges(&[range])), ..ServiceSettings::default() };
        self.config.services.insert(name.parse().unwrap(), settings);
        self
    }

    fn former(mut self, ports: &[u16]) -> Self {
        self.former = ports.iter().map(|number| port(*number)).collect();
        self
    }

    fn select(&mut self, wishes: &[ServiceWish]) -> Selection {
        let landscape = Landscape {
            owned: &self.owned,
            exclusions: &self.exclusions,
            config: &self.config,
            skip: &self.skip,
            former: &self.former,
        };
        let (busy, denied, asked) = (&self.busy, &self.denied, &mut self.asked);
        let mut probe = |port| {
            *asked.entry(port).or_default() += 1;
            Ok(match port {
                _ if busy.contains(&port) => Probe::Busy,
                _ if denied.contains(&port) => Probe::Denied,
                _ => Probe::Free,
            })
        };
        select(wishes, &landscape, &mut probe).unwrap()
    }

    fn chosen(&mut self, wishes: &[ServiceWish]) -> Vec<u16> {
        match self.select(wishes) {
            Selection::Chosen(choices) => choices.iter().map(|choice| choice.port.number()).collect(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_bottom_of_the_range_comes_first_and_owned_and_excluded_ports_are_skipped() {
    assert_eq!(world().chosen(&[wish("web", "5000-5099")]), [5000]);
    assert_eq!(world().owned(&[5000, 5001]).chosen(&[wish("web", "5000-5099")]), [5002]);
    assert_eq!(world().excluded("5000-5009").chosen(&[wish("web", "5000-5099")]), [5010]);
    assert_eq!(world().chosen(&[wish("web", "5059-5099"), wish("api", "5059-5099")]), [5059, 5062]);
}

#[test]
fn an_owned_or_excluded_port_is_never_even_probed() {
    let mut world = world().owned(&[5000]).excluded("5001").busy(&[5000, 5001]);
    assert_eq!(world.chosen(&[wish("web", "5000-5002")]), [5002]);
    assert_eq!(world.asked.keys().copied().collect::<Vec<_>>(), ports(&[5002]));
}

#[test]
fn a_busy_port_met_before_enough_were_found_fails_and_the_whole_range_is_listed() {
    let mut world = world().busy(&[5001, 5005, 5099]).owned(&[5005]);
    let selection = world.select(&[wish("web", "5000-5099"), wish("api", "5000-5099")]);
    let expected = Selection::Busy {
        ranges: ranges(&["5000-5099"]),
        busy: ports(&[5001, 5099]),
        denied: Vec::new(),
        service: "api".parse().unwrap(),
        own_range: false,
    };
    assert_eq!(selection, expected);
}

#[test]
fn a_busy_port_above_the_chosen_one_is_no_conflict_and_not_probed() {
    let mut world = world().busy(&[5001]);
    assert_eq!(world.chosen(&[wish("web", "5000-5099")]), [5000]);
    assert_eq!(world.asked.len(), 1);
}

#[test]
fn a_denied_port_is_told_apart_from_a_busy_one() {
    let mut world = world().busy(&[5001]);
    world.denied = ports(&[5000]).into_iter().collect();
    let Selection::Busy { busy, denied, .. } = world.select(&[wish("web", "5000-5002")]) else { panic!() };
    assert_eq!((busy, denied), (ports(&[5001]), ports(&[5000])));
}

#[test]
fn in_retry_mode_the_ports_met_before_are_passed_over() {
    assert_eq!(world().busy(&[5000]).skip(&[5000]).chosen(&[wish("web", "5000-5099")]), [5001]);
}

#[test]
fn ranges_are_tried_in_order_and_a_conflict_names_the_one_where_it_happened() {
    let wish = ServiceWish { ranges: ranges(&["5000-5001", "8000-8099"]), ..wish("web", "1") };
    assert_eq!(world().owned(&[5000, 5001]).chosen(std::slice::from_ref(&wish)), [8000]);
    let mut world = world().owned(&[5000, 5001]).busy(&[8000]);
    let Selection::Busy { ranges: where_it_happened, .. } = world.select(&[wish]) else { panic!() };
    assert_eq!(where_it_happened, ranges(&["8000-8099"]));
}

#[test]
fn a_service_range_is_carved_out_of_the_purposes_ranges() {
    let mut world = world().service_with("db", "5000-5009");
    let db = ServiceWish { own_range: true, ..wish("db", "5000-5009") };
    assert_eq!(world.chosen(&[wish("web", "5000-5099"), db]), [5010, 5000]);
}

#[test]
fn a_service_that_names_a_well_known_port_gets_it_but_never_an_excluded_one() {
    let own = ServiceWish { own_range: true, ..wish("db", "5432-5439") };
    assert_eq!(world().chosen(std::slice::from_ref(&own)), [5432]);
    assert_eq!(world().chosen(&[wish("db", "5432-5439")]), [5433]);
    assert_eq!(world().excluded("5432").chosen(&[own]), [5433]);
}

#[test]
fn a_former_port_comes_back_when_it_is_free() {
    let again = |former| ServiceWish { former: Some(port(former)), ..wish("web", "5000-5099") };
    assert_eq!(world().chosen(&[again(5042)]), [5042]);
    assert_eq!(world().busy(&[5042]).chosen(&[again(5042)]), [5000], "busy");
    assert_eq!(world().owned(&[5042]).chosen(&[again(5042)]), [5000], "owned");
    assert_eq!(world().excluded("5042").chosen(&[again(5042)]), [5000], "excluded");
    assert_eq!(world().service_with("db", "5042").chosen(&[again(5042)]), [5000], "carved out");
    assert_eq!(world().skip(&[5042]).chosen(&[again(5042)]), [5000], "met before");
    assert_eq!(world().chosen(&[again(6042)]), [5000], "out of range");
}

#[test]
fn a_former_port_at_the_bottom_that_is_busy_is_met_like_any_other() {
    let again = ServiceWish { former: Some(port(5000)), ..wish("web", "5000-5099") };
    assert!(matches!(world().busy(&[5000]).select(&[again]), Selection::Busy { .. }));
}

#[test]
fn several_wishes_never_share_a_port_and_definite_ones_are_served_first() {
    let pinned = ServiceWish { pinned: Some(port(5000)), ..wish("db", "5000-5099") };
    let former = ServiceWish { former: Some(port(5001)), ..wish("api", "5000-5099") };
    assert_eq!(world().chosen(&[wish("web", "5000-5099"), former, pinned.clone()]), [5002, 5001, 5000]);
    let twice = world().select(&[pinned.clone(), ServiceWish { service: "web".parse().unwrap(), ..pinned }]);
    assert_eq!(twice, Selection::Owned { service: "web".parse().unwrap(), port: port(5000) });
}

#[test]
fn a_pinned_port_is_had_or_refused_with_its_reason() {
    let pinned = |number| ServiceWish { pinned: Some(port(number)), ..wish("web", "5000-5099") };
    let service: ServiceName = "web".parse().unwrap();
    assert_eq!(world().chosen(&[pinned(9999)]), [9999], "outside the range");
    let reason = "browsers refuse to connect to it".to_owned();
    let excluded = Selection::Excluded { service: service.clone(), port: port(5060), reason };
    assert_eq!(world().select(&[pinned(5060)]), excluded);
    let owned = Selection::Owned { service: service.clone(), port: port(5001) };
    assert_eq!(world().owned(&[5001]).select(&[pinned(5001)]), owned);
    let busy = ports(&[5001]);
    let busy = Selection::Busy {
        ranges: PortRanges::default(),
        busy,
        denied: Vec::new(),
        service,
        own_range: false,
    };
    assert_eq!(world().busy(&[5001, 5002]).select(&[pinned(5001)]), busy);
}

#[test]
fn ports_that_others_had_are_passed_over_unasked_and_given_when_nothing_else_is_left() {
    let mut world = world().former(&[5001, 5000]).busy(&[5000]);
    assert_eq!(world.chosen(&[wish("web", "5000-5003"), wish("api", "5000-5003")]), [5002, 5003]);
    assert!(!world.asked.contains_key(&port(5000)), "no probe, no conflict");
    assert_eq!(world.chosen(&[wish("web", "5000-5001")]), [5001], "released longest ago first");
    let own = ServiceWish { former: Some(port(5001)), ..wish("web", "5000-5003") };
    assert_eq!(world.chosen(&[own]), [5001]);
    let busy = world.select(&[wish("web", "5000-5001"), wish("api", "5000-5001")]);
    assert!(matches!(busy, Selection::Busy { .. }), "{busy:?}");
    let pinned = ServiceWish { pinned: Some(port(5001)), ..wish("web", "5000-5003") };
    assert_eq!(world.chosen(&[pinned]), [5001]);
}

#[test]
fn an_exhausted_range_says_whose_its_ports_are() {
    let mut world = world().owned(&[5058, 5059]).skip(&[5062]);
    let selection = world.select(&[wish("web", "5058-5063"), wish("api", "5058-5063")]);
    let service = "api".parse().unwrap();
    let ranges = ranges(&["5058-5063"]);
    let reasons = vec![("browsers refuse to connect to it".to_owned(), 2)];
    let (owned, foreign, excluded, own_range) = (3, 1, 2, false);
    let expected = Selection::Exhausted { ranges, owned, foreign, excluded, reasons, service, own_range };
    assert_eq!(selection, expected);
}

#[test]
fn an_error_of_the_machine_is_an_error_and_not_a_verdict() {
    let (owned, skip, config) = (HashSet::new(), HashSet::new(), config());
    let landscape = Landscape { owned: &owned, exclusions: &[], config: &config, skip: &skip, former: &[] };
    let mut probe = |_| Err(crate::error::Failure::new(crate::error::Code::Internal, "no sockets"));
    assert!(select(&[wish("web", "5000-5099")], &landscape, &mut probe).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_landscape_a_choice_is_free_allowed_distinct_and_probed_once(
        owned in prop::collection::vec(5000u16..5030, 0..20),
        busy in prop::collection::vec(5000u16..5030, 0..6),
        skip in prop::collection::vec(5000u16..5030, 0..6),
        formers in prop::collection::vec(prop::option::of(4990u16..5040), 1..6),
        excluded in 5000u16..5030,
    ) {
        let mut world = world().owned(&owned).busy(&busy).skip(&skip).excluded(&excluded.to_string());
        let wishes: Vec<ServiceWish> = formers
            .iter()
            .enumerate()
            .map(|(index, former)| ServiceWish {
                former: former.map(port),
                ..wish(&format!("s{index}"), "5000-5029")
            })
            .collect();
        let selection = world.select(&wishes);
        prop_assert!(world.asked.values().all(|times| *times == 1));
        let is_candidate = |number: &u16| {
            !owned.contains(number) && !skip.contains(number) && *number != excluded
        };
        match selection {
            Selection::Chosen(choices) => {
                prop_assert_eq!(choices.len(), wishes.len());
                let distinct: HashSet<Port> = choices.iter().map(|choice| choice.port).collect();
                prop_assert_eq!(distinct.len(), choices.len());
                for (choice, wish) in choices.iter().zip(&wishes) {
                    let number = choice.port.number();
                    prop_assert!((5000..5030).contains(&number) && is_candidate(&number));
                    prop_assert!(!busy.contains(&number));
                    prop_assert_eq!(&choice.service, &wish.service);
                }
            }
            Selection::Busy { busy: listed, denied, .. } => {
                let expected: Vec<u16> =
                    (5000..5030).filter(|number| busy.contains(number) && is_candidate(number)).collect();
                prop_assert_eq!(listed, ports(&expected));
                prop_assert!(denied.is_empty());
            }
            Selection::Exhausted { owned, foreign, excluded, .. } => {
                prop_assert_eq!(owned + foreign + excluded, 30);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }
}

#[test]
fn what_is_tried_next_passes_over_what_was_held_and_what_may_not_be_bound() {
    let met = Selection::Busy {
        ranges: ranges(&["80-81"]),
        busy: ports(&[3000, 3001]),
        denied: ports(&[80, 81]),
        service: "web".parse().unwrap(),
        own_range: false,
    };
    let known = ports(&[3000, 80]);
    assert_eq!(met.newly_held(&known), ports(&[3001]));
    assert_eq!(met.newly_refused(&known), ports(&[3001, 81]));
}

#[test]
fn ports_are_wanting_where_all_are_taken_and_not_where_they_are_held_or_barred() {
    let (web, range) = ("web".parse::<ServiceName>().unwrap(), ranges(&["5000-5001"]));
    let busy = Selection::Busy {
        ranges: range.clone(),
        busy: ports(&[5000, 5001]),
        denied: ports(&[5002]),
        service: web.clone(),
        own_range: false,
    };
    let exhausted = Selection::Exhausted {
        ranges: range,
        owned: 2,
        foreign: 0,
        excluded: 0,
        reasons: Vec::new(),
        service: web.clone(),
        own_range: false,
    };
    let excluded = Selection::Excluded { service: web.clone(), port: port(5000), reason: String::new() };
    let owned = Selection::Owned { service: web, port: port(5000) };
    for (selection, is_wanting, held, refused) in [
        (Selection::Chosen(Vec::new()), false, &[][..], &[][..]),
        (busy, false, &[5001], &[5001, 5002]),
        (exhausted, true, &[], &[]),
        (excluded, false, &[], &[]),
        (owned, true, &[], &[]),
    ] {
        assert_eq!(selection.is_wanting(), is_wanting, "{selection:?}");
        assert_eq!(selection.newly_held(&[port(5000)]), ports(held), "{selection:?}");
        assert_eq!(selection.newly_refused(&[port(5000)]), ports(refused), "{selection:?}");
    }
}

#[test]
fn ports_that_stood_in_the_way_are_those_before_the_chosen_one() {
    let chosen = |service: &str, number| ChosenPort { service: service.parse().unwrap(), port: port(number) };
    let wishes = [wish("web", "5000-5009"), wish("api", "5000-5009")];
    let choices = [chosen("web", 5003), chosen("api", 5005)];
    for (held, expected) in [
        (&[5001, 5000, 5002][..], &[5000, 5001, 5002][..]),
        (&[5004, 5001, 5006], &[5001, 5004]),
        (&[5003], &[5003]),
        (&[5005, 5009], &[]),
        (&[], &[]),
    ] {
        assert_eq!(passed_over(&wishes, &choices, &ports(held)), ports(expected), "{held:?}");
    }
}
