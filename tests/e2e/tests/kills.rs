//! A phone that is killed again and again in the middle of an offline stop loses nothing that it acknowledged.
//!
//! The phone is the real core in a process of its own; SIGKILL is sent at random moments while calls are under way.

#[cfg(test)]
mod e2e {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use peel_domain::event::Band;
    use peel_domain::id::AlertId;
    use peel_domain::judgement::{Decision, JudgementValue, Look};
    use peel_domain::stop::{LegalFooting, SegmentKind};
    use peel_street::clock::{ExerciseClock, real_now_ms};
    use peel_street::exercise::director;
    use peel_street::exercise::force::Force;
    use peel_street::lfr::{Lfr, Raised};
    use peel_street::phone::handle::{Phone, PhoneError};
    use peel_street::phone::words::{Answer, Call, StopAnswer};
    use peel_street::terminal::Who;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    const KILLS: usize = 100;
    const WITHIN: Duration = Duration::from_secs(30);

    fn face(name: &str) -> Vec<u8> {
        std::fs::read(director::own_faces().join(name)).unwrap()
    }

    fn raised(clock: &ExerciseClock) -> Raised {
        Raised {
            camera_id: "van-north".to_owned(),
            direction: "towards the station".to_owned(),
            captured_at_ms: clock.now_ms(),
            probe: face("avery_2.jpg"),
            reference: face("avery_1.jpg"),
            score: 700,
            grade: "amber",
            category: "wanted_by_court",
            reason: "role-player: failed to appear at court".to_owned(),
            warning_markers: vec![],
            operator_judgement: None,
        }
    }

    async fn stop(phone: &Phone, alert_id: AlertId) -> StopAnswer {
        match phone.call(Call::Stop { alert_id }).await.unwrap().0 {
            Answer::Stop(stop) => stop,
            other => panic!("not a stop: {other:?}"),
        }
    }

    /// Sends segment changes as fast as they are acknowledged, and counts what was.
    async fn hammer(phone: &Phone, alert_id: AlertId, segments: usize, acknowledged: &AtomicUsize) {
        loop {
            let next = segments + acknowledged.load(Ordering::SeqCst);
            let kind = if next % 2 == 1 { SegmentKind::WaitingForCheck } else { SegmentKind::Contact };
            match phone.call(Call::StartSegment { alert_id, kind }).await {
                Ok(_) => acknowledged.fetch_add(1, Ordering::SeqCst),
                Err(PhoneError::Core(error)) => panic!("the core refused a segment: {error}"),
                Err(_) => return,
            };
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn s35_a_hundred_kills_in_an_offline_stop_lose_nothing_that_was_acknowledged() {
        let programs = director::programs().unwrap();
        let home = tempfile::tempdir().unwrap();
        let clock = ExerciseClock::starting_at(real_now_ms(), 1);
        let number = director::OFFICERS[0];
        let force = Force::set_up(&programs, home.path(), clock, &[number]).await.unwrap();
        let keys = (force.access_key("ingest").unwrap(), force.access_key("operator").unwrap());
        let lfr = Lfr::new(force.client().unwrap(), force.url(), keys.0, keys.1, force.deployment_id.clone());
        let mut officer = director::officer(&programs, &force, home.path(), clock, Who::First, number).await.unwrap();
        lfr.state("live", None).await.unwrap();
        let alert_id = lfr.raise(&raised(&clock)).await.unwrap();
        let mut phone = officer.phone.take().unwrap();
        phone.until_alert(alert_id, WITHIN).await.unwrap();
        officer.network.cut();
        begin_stop(&phone, alert_id).await;

        let seed = 20_261_122;
        let mut random = StdRng::seed_from_u64(seed);
        let mut recorded = stop(&phone, alert_id).await.segments_ms.len();
        let mut acknowledged_in_all = 0;
        for round in 0..KILLS {
            let wait = Duration::from_millis(random.random_range(1..60));
            let counter = AtomicUsize::new(0);
            tokio::select! {
                () = hammer(&phone, alert_id, recorded, &counter) => {}
                () = tokio::time::sleep(wait) => {}
            }
            let acknowledged = counter.into_inner();
            let before = phone.shown();
            phone.kill().await.unwrap();
            phone = Phone::start(&officer.files).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
            let after = stop(&phone, alert_id).await;
            assert!(after.running, "round {round}: the timer ran on (seed {seed})");
            assert!(
                after.segments_ms.len() >= recorded + acknowledged,
                "round {round}: {} segments, {recorded} and {acknowledged} were acknowledged (seed {seed})",
                after.segments_ms.len(),
            );
            let whole = phone.until(|shown| shown.trail_size >= before.trail_size, WITHIN).await;
            assert!(whole.is_ok(), "round {round}: the trail shrank (seed {seed})");
            acknowledged_in_all += after.segments_ms.len() - recorded;
            recorded = after.segments_ms.len();
        }
        assert!(acknowledged_in_all > KILLS, "the phone was hit while it worked: {acknowledged_in_all} segments");

        officer.network.mend();
        phone.call(Call::Connect).await.unwrap();
        sync(&phone).await;
        let (bundle, trust) = (home.path().join("bundle"), home.path().join("trust.toml"));
        force.bundle(&bundle, &trust).await.unwrap();
        // The stop still runs, so the opened records are rightly not complete; all that is there must be whole.
        force.verify_unopened(&bundle, &trust).await.unwrap_or_else(|error| panic!("{error}"));
        phone.finish().await.unwrap();
        force.stop().await.unwrap();
    }

    async fn sync(phone: &Phone) {
        for _ in 0..20 {
            let answer = phone.call(Call::Sync { budget_ms: 30_000 }).await.unwrap().0;
            let Answer::Sync { size, cosigned_size, .. } = answer else { panic!("not a synchronisation: {answer:?}") };
            if size == cosigned_size {
                return;
            }
        }
        panic!("the force has not signed for the whole trail");
    }

    async fn begin_stop(phone: &Phone, alert_id: AlertId) {
        let look = Look { probe_ms: 1_000, reference_ms: 1_000, zoomed: false };
        let value = JudgementValue::SamePersonLikely;
        phone.call(Call::Displayed { alert_id }).await.unwrap();
        phone.call(Call::Judge { alert_id, value, look }).await.unwrap();
        let comparison = phone.call(Call::Compare { alert_id }).await.unwrap().0;
        assert!(matches!(comparison, Answer::Comparison { band, .. } if band != Band::NotPossible), "{comparison:?}");
        phone.call(Call::JudgeAgain { alert_id, value, look }).await.unwrap();
        phone.call(Call::Decide { alert_id, decision: Decision::Engage, note: None }).await.unwrap();
        phone.call(Call::ContactMade { alert_id, footing: LegalFooting::VoluntaryConversation }).await.unwrap();
    }
}
