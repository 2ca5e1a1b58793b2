//! What happens: six passers-by, a cut network, a dead phone and a drone.
//!
//! The steps are played one after the other, so that every run tells the same story; only times, ages and
//! figures differ from run to run.

use std::time::Duration;

use peel_domain::id::AlertId;
use peel_domain::judgement::{Decision, JudgementValue};
use peel_domain::stop::{
    ArrestCause, ArrestKind, IdentityStepKind, IdentityStepResult, OtherOutcome, Outcome, Power, SegmentKind,
};

use super::cast::{Cast, PasserBy};
use super::figures::Step;
use super::{Doing, ExerciseError, expect};
use crate::camera::{FAIR, POOR};
use crate::phone::handle::{Phone, Shown};
use crate::phone::words::{Answer, Call};
use crate::terminal::Who;

const HIGH_STREET: &str = "van-north";
const STATION: &str = "van-south";

const TRUE_ALERT: PasserBy = PasserBy {
    seen: 0,
    shot: 1,
    listed: 0,
    conditions: FAIR,
    camera: HIGH_STREET,
    direction: "towards the station",
    score: 716,
    operator: Some("same_person_likely"),
    reason: "role-player: failed to appear at court",
};
const DIFFERENT: PasserBy = PasserBy {
    seen: 1,
    shot: 0,
    listed: 2,
    conditions: FAIR,
    camera: STATION,
    direction: "away from the station",
    score: 645,
    operator: None,
    reason: "role-player: recalled to prison",
};
const FALSE_ALERT: PasserBy = PasserBy {
    seen: 3,
    shot: 0,
    listed: 2,
    conditions: POOR,
    camera: HIGH_STREET,
    direction: "towards the market",
    score: 651,
    operator: Some("cannot_tell"),
    reason: "role-player: recalled to prison",
};
const UNSEEN: PasserBy = PasserBy {
    seen: 1,
    shot: 0,
    listed: 1,
    conditions: POOR,
    camera: STATION,
    direction: "towards the bus stop",
    score: 662,
    operator: Some("same_person_likely"),
    reason: "role-player: warrant not executed",
};
const WITHDRAWN: PasserBy = PasserBy {
    seen: 2,
    shot: 0,
    listed: 3,
    conditions: POOR,
    camera: STATION,
    direction: "towards the market",
    score: 641,
    operator: Some("different_people_likely"),
    reason: "role-player: breach of bail",
};
const WHILE_OFFLINE: PasserBy = PasserBy {
    seen: 2,
    shot: 0,
    listed: 2,
    conditions: FAIR,
    camera: HIGH_STREET,
    direction: "towards the station",
    score: 733,
    operator: Some("same_person_likely"),
    reason: "role-player: recalled to prison",
};

/// What the story left to check at the end.
#[derive(Debug, Clone, Copy)]
pub struct Played {
    /// The alert that nobody looked at.
    pub unseen: AlertId,
    /// The alert that the operator withdrew.
    pub withdrawn: AlertId,
    /// The alert that came while the second phone was offline.
    pub while_offline: AlertId,
    /// The second officer's stop, in simulated milliseconds.
    pub offline_stop_ms: u64,
}

/// Plays the patrol, from the first passer-by to the last.
pub async fn play(cast: &mut Cast) -> Result<Played, ExerciseError> {
    let unseen = one_that_nobody_looks_at(cast).await?;
    a_true_one(cast).await?;
    one_judged_different(cast).await?;
    let withdrawn = one_withdrawn(cast).await?;
    let (offline_stop_ms, while_offline) = a_stop_without_a_network(cast).await?;
    until_it_expires(cast, unseen).await?;
    Ok(Played { unseen, withdrawn, while_offline, offline_stop_ms })
}

async fn one_that_nobody_looks_at(cast: &mut Cast) -> Result<AlertId, ExerciseError> {
    let alert = cast.walk_past(&UNSEEN).await?;
    cast.arrives(Who::First, alert).await?;
    cast.arrives(Who::Second, alert).await?;
    cast.step(Who::Street, "alert A: a person walks past; both officers have their hands full and nobody looks");
    Ok(alert.0)
}

async fn a_true_one(cast: &mut Cast) -> Result<(), ExerciseError> {
    let alert = cast.walk_past(&TRUE_ALERT).await?;
    cast.arrives(Who::First, alert).await?;
    cast.step(Who::First, "alert B: on the screen, two faces and no score");
    let (who, id) = (Who::First, alert.0);
    cast.judge_blind(who, id, JudgementValue::SamePersonLikely).await?;
    cast.check(who, id).await?;
    cast.decide(who, id, JudgementValue::SamePersonLikely, Decision::Engage).await?;
    cast.pass(15).await;
    cast.contact(who, id).await?;
    cast.pass(25).await;
    cast.identity(who, id, IdentityStepKind::Verbal, IdentityStepResult::Supports).await?;
    cast.segment(who, id, SegmentKind::WaitingForCheck).await?;
    cast.pass(25).await;
    let people: Vec<String> = cast.faces.people().into_iter().map(str::to_owned).collect();
    let photograph = people.first().and_then(|person| cast.faces.shot(person, 2)).map(<[u8]>::to_vec);
    cast.close_up(who, id, &photograph.unwrap_or_default()).await?;
    cast.segment(who, id, SegmentKind::Contact).await?;
    cast.identity(who, id, IdentityStepKind::Document, IdentityStepResult::Supports).await?;
    cast.pass(55).await;
    let outcome = Outcome::Other(OtherOutcome::SummonsOrPostalRequisition);
    let stop = cast.finish_true(who, id, outcome, "verified: the person; a summons will follow").await?;
    expect((90_000..300_000).contains(&stop.elapsed_ms), "the stop lasted about two minutes")
}

async fn one_judged_different(cast: &mut Cast) -> Result<(), ExerciseError> {
    let alert = cast.walk_past(&DIFFERENT).await?;
    cast.arrives(Who::First, alert).await?;
    cast.step(Who::First, "alert C: on the screen");
    cast.judge_blind(Who::First, alert.0, JudgementValue::DifferentPeopleLikely).await?;
    cast.check(Who::First, alert.0).await?;
    cast.leave_alone(Who::First, alert.0).await
}

async fn one_withdrawn(cast: &mut Cast) -> Result<AlertId, ExerciseError> {
    let alert = cast.walk_past(&WITHDRAWN).await?;
    cast.arrives(Who::First, alert).await?;
    cast.step(Who::First, "alert D: on the screen");
    cast.pass(4).await;
    cast.lfr.withdraw(alert.0, true).await.doing("withdrawing an alert")?;
    let phone = cast.first.phone()?;
    let gone = |shown: &Shown| shown.alerts.iter().any(|one| one.alert_id == alert.0 && one.withdrawn);
    phone.until(gone, super::PATIENCE).await.doing("waiting for a withdrawal")?;
    cast.step(Who::Force, "the operator looks again and withdraws alert D; it leaves the officers' screens");
    Ok(alert.0)
}

async fn a_stop_without_a_network(cast: &mut Cast) -> Result<(u64, AlertId), ExerciseError> {
    let who = Who::Second;
    let alert = cast.walk_past(&FALSE_ALERT).await?;
    cast.arrives(who, alert).await?;
    cast.step(who, "alert E: on the screen");
    cast.second.network.cut();
    cast.step(Who::Street, "officer 2 turns into the arcade: no network");
    let id = alert.0;
    cast.judge_blind(who, id, JudgementValue::CannotTell).await?;
    cast.check(who, id).await?;
    cast.decide(who, id, JudgementValue::CannotTell, Decision::Engage).await?;
    cast.pass(10).await;
    cast.contact(who, id).await?;
    let contact_ms = cast.clock.now_ms();
    let while_offline = one_for_the_first_alone(cast).await?;
    killed_and_back(cast, id, contact_ms).await?;
    cast.identity(who, id, IdentityStepKind::Document, IdentityStepResult::Contradicts).await?;
    cast.pass(20).await;
    let stop = cast.finish_false(who, id).await?;
    back_online(cast, while_offline).await?;
    Ok((stop.elapsed_ms, while_offline))
}

async fn one_for_the_first_alone(cast: &mut Cast) -> Result<AlertId, ExerciseError> {
    let who = Who::First;
    let alert = cast.walk_past(&WHILE_OFFLINE).await?;
    cast.arrives(who, alert).await?;
    cast.step(who, "alert F: on the screen; officer 2 is offline");
    let id = alert.0;
    cast.judge_blind(who, id, JudgementValue::SamePersonLikely).await?;
    cast.check(who, id).await?;
    cast.decide(who, id, JudgementValue::SamePersonLikely, Decision::Engage).await?;
    cast.contact(who, id).await?;
    cast.pass(20).await;
    cast.identity(who, id, IdentityStepKind::Document, IdentityStepResult::Supports).await?;
    let outcome = Outcome::Arrest {
        kind: ArrestKind::Recall,
        cause: ArrestCause::LfrReason,
        power: Power::RecallUnlawfullyAtLarge,
        grounds: "Exercise: the role-player's recall was confirmed with the control room and by passport.".to_owned(),
        code_g: vec![],
    };
    cast.finish_true(who, id, outcome, "verified: the person; arrested on the recall, on grounds beyond the alert")
        .await?;
    Ok(id)
}

async fn killed_and_back(cast: &mut Cast, id: AlertId, contact_ms: i64) -> Result<(), ExerciseError> {
    let who = Who::Second;
    let before = cast.stop(who, id).await?;
    let trail_before = cast.second.phone()?.shown().trail_size;
    if let Some(phone) = cast.second.phone.take() {
        phone.kill().await.doing("killing a phone")?;
    }
    cast.step(who, "the phone dies in the middle of the stop (kill -9)");
    cast.pass(10).await;
    let phone = Phone::start(&cast.second.files).await.doing("starting a phone again")?;
    cast.second.phone = Some(phone);
    let after = cast.stop(who, id).await?;
    let expected = u64::try_from(cast.clock.now_ms() - contact_ms).unwrap_or(0);
    expect(after.running, "the timer still runs after the phone came back")?;
    expect(after.elapsed_ms > before.elapsed_ms, "the timer went on while the phone was dead")?;
    expect(after.elapsed_ms.abs_diff(expected) < 5_000, "the timer is right after the phone came back")?;
    let whole = |shown: &Shown| shown.trail_size >= trail_before;
    let phone = cast.second.phone()?;
    phone.until(whole, super::PATIENCE).await.doing("counting the trail after the phone came back")?;
    cast.on(who, "connecting again", Call::Connect).await?;
    cast.step(who, "the phone is back; the timer is right and nothing is missing");
    Ok(())
}

async fn back_online(cast: &mut Cast, while_offline: AlertId) -> Result<(), ExerciseError> {
    let who = Who::Second;
    let seen_offline = cast.second.phone()?.shown().first_seen.contains_key(&while_offline);
    expect(!seen_offline, "nothing reached the second phone while it was offline")?;
    cast.second.network.mend();
    cast.on(who, "saying that the network is back", Call::NetworkChanged).await?;
    cast.step(Who::Street, "officer 2 comes out of the arcade: the network is back");
    cast.second.phone()?.until_alert(while_offline, super::PATIENCE).await.doing("catching up")?;
    cast.step(who, "alert F arrives late, with the word that officer 1 has dealt with it");
    sync(cast, who).await
}

/// Brings a phone's trail to the force. What the phone records meanwhile goes over with the next turn.
pub async fn sync(cast: &mut Cast, who: Who) -> Result<(), ExerciseError> {
    for _ in 0..20 {
        let call = Call::Sync { budget_ms: 20_000 };
        let answer = cast.timed(who, Step::Sync, "syncing", call).await?;
        let Answer::Sync { size, cosigned_size, state, .. } = answer else {
            return Err(ExerciseError::Expected("a synchronisation came back".to_owned()));
        };
        if size == cosigned_size && state == "UpToDate" {
            cast.step(who, "the whole trail is with the force, signed for");
            cast.note(who, &format!("{size} entries"));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(ExerciseError::Expected("all of the trail is signed for".to_owned()))
}

async fn until_it_expires(cast: &mut Cast, unseen: AlertId) -> Result<(), ExerciseError> {
    let expired = |shown: &Shown| {
        shown.alerts.iter().any(|one| one.alert_id == unseen && (one.phase == "Expired" || one.phase == "Closed"))
            || (shown.first_seen.contains_key(&unseen) && shown.alerts.iter().all(|one| one.alert_id != unseen))
    };
    let phone = cast.first.phone()?;
    phone.until(expired, super::PATIENCE).await.doing("waiting for an alert to expire")?;
    cast.step(Who::Street, "alert A expired unseen: recorded as expired with no decision, never as a decision");
    Ok(())
}
