import Testing

@testable import Shell

@Suite struct AlertReducerTests {
    private let problem = Problem(kind: .storageFull, reason: "storage.full")

    @Test func aBlindJudgementAsksTheCoreAndWaits() {
        let next = reduce(.blind(blind), .judgePressed(.cannotTell))
        #expect(next.effect == .judge(sampleAlert.id, .cannotTell, blind.viewing.look))
        guard case .blind(let state) = next.state else { return expectNever() }
        #expect(state.waiting)
    }

    @Test func nothingIsJudgedBeforeBothFacesAreHere() {
        for faces in [Faces(reference: sampleFaces.reference), Faces(probes: sampleFaces.probes)] {
            let state = AlertState.blind(
                BlindState(alert: sampleAlert, viewing: Viewing(faces: faces), maySkip: true))
            #expect(reduce(state, .judgePressed(.samePersonLikely)) == Next(state))
        }
    }

    @Test func cannotJudgeNowAsksWhyAndTheReasonIsSentWithOrWithoutTheFaces() {
        for faces in [sampleFaces, Faces()] {
            var state = BlindState(alert: sampleAlert, viewing: Viewing(faces: faces), maySkip: true)
            let asked = reduce(.blind(state), .cannotJudgeNowPressed)
            state.givingSkipReason = true
            #expect(asked == Next(.blind(state)))
            state.waiting = true
            for reason in SkipReason.allCases {
                let next = reduce(asked.state, .skipReasonPressed(reason))
                #expect(next == Next(.blind(state), .skip(sampleAlert.id, reason)))
            }
        }
    }

    @Test func whileTheReasonIsAskedForOnlyAReasonOrBackDoesAnything() {
        for press in presses {
            let next = reduce(.blind(skipping), press)
            switch press {
            case .skipReasonPressed(let reason): #expect(next.effect == .skip(sampleAlert.id, reason))
            case .backPressed: #expect(next == Next(.blind(blind)))
            default: #expect(next == Next(.blind(skipping)))
            }
        }
    }

    @Test(arguments: SkipReason.allCases) func noReasonIsSentThatWasNotAskedFor(reason: SkipReason) {
        #expect(reduce(.blind(blind), .skipReasonPressed(reason)) == Next(.blind(blind)))
    }

    @Test func aSkipThatTheCoreRefusesCanBeTriedAgainWithAnotherReason() {
        let asked = reduce(.blind(skipping), .skipReasonPressed(.personIsHere))
        let failed = reduce(asked.state, .failed(asked.effect!, problem)).state
        var refused = skipping
        refused.problem = problem
        #expect(failed == .blind(refused))
        #expect(reduce(failed, .skipReasonPressed(.notSafeToLook)).effect == .skip(sampleAlert.id, .notSafeToLook))
        #expect(reduce(failed, .backPressed) == Next(.blind(blind)))
    }

    @Test func theSameViewAgainLeavesTheChoiceOfAReasonOpen() {
        let shown = AlertAction.shown(.blind(sampleAlert, maySkip: true))
        #expect(reduce(.blind(skipping), shown) == Next(.blind(skipping)))
        let waiting = reduce(.blind(skipping), .skipReasonPressed(.cannotSeeScreen)).state
        #expect(reduce(waiting, shown) == Next(waiting))
    }

    @Test func wherePolicyForbidsItCannotJudgeNowDoesNothing() {
        let state = AlertState.blind(BlindState(alert: sampleAlert, viewing: blind.viewing, maySkip: false))
        #expect(reduce(state, .cannotJudgeNowPressed) == Next(state))
        #expect(reduce(.blind(skipping), .shown(.blind(sampleAlert, maySkip: false))) == Next(state))
    }

    @Test func s05NoPressOnABlindAlertAsksForAnythingButAJudgementOrItsSkip() {
        for state in [blind, skipping] {
            for press in presses {
                let next = reduce(.blind(state), press)
                guard case .blind = next.state else { return expectNever() }
                switch next.effect {
                case nil, .judge, .skip: break
                case .judgeAgain, .check, .decide: expectNever()
                }
            }
        }
    }

    @Test func theRevealAsksForASecondJudgementBeforeADecision() {
        let asked = reduce(.blind(blind), .judgePressed(.cannotTell))
        let view = AlertView.revealed(sampleAlert, sampleFacts(), .notAsked, judgedAgain: nil)
        let next = reduce(asked.state, .recorded(asked.effect!, view))
        guard case .revealed(let state) = next.state else { return expectNever() }
        #expect(state.step == .judgeAgain && !state.waiting)
        #expect(state.viewing.faces == sampleFaces)
        for kind in DecisionKind.allCases {
            #expect(reduce(next.state, .decisionPressed(kind)).effect == nil)
        }
    }

    @Test func engagingIsRecordedAtOnceAndWithANoteWhereTheCoreAsksForOne() {
        let plain = reduce(.revealed(revealed(step: .decide)), .decisionPressed(.engage))
        #expect(plain.effect == .decide(sampleAlert.id, .engage, note: nil))
        let asked = reduce(.revealed(revealed(step: .decide, noteNeeded: true)), .decisionPressed(.engage))
        #expect(asked.effect == nil)
        #expect(reduce(asked.state, .recordPressed).effect == nil)
        let written = reduce(asked.state, .noteChanged(" seen with a knife ")).state
        let wanted = AlertEffect.decide(sampleAlert.id, .engage, note: "seen with a knife")
        #expect(reduce(written, .recordPressed).effect == wanted)
    }

    @Test(arguments: [DecisionKind.doNotEngage, .passTo, .observeOnly])
    func notEngagingNeedsAReasonAndNoneIsTickedBeforehand(kind: DecisionKind) {
        let asked = reduce(.revealed(revealed(step: .decide)), .decisionPressed(kind))
        guard case .revealed(let state) = asked.state else { return expectNever() }
        #expect(state.step == .giveReasons(kind, []))
        #expect(reduce(asked.state, .recordPressed).effect == nil)
        let ticked = reduce(asked.state, .reasonPressed(.imageQuality)).state
        #expect(reduce(ticked, .reasonPressed(.imageQuality)).state == asked.state)
        let decision = NotEngaging(kind: kind, reasons: [.imageQuality]).map(Decision.notEngage)
        #expect(reduce(ticked, .recordPressed).effect == .decide(sampleAlert.id, decision!, note: nil))
    }

    @Test func s01NoDecisionCanBeMadeWithoutItsParts() {
        #expect(NotEngaging(kind: .doNotEngage, reasons: []) == nil)
        #expect(NotEngaging(kind: .engage, reasons: [.cannotTell]) == nil)
    }

    @Test(arguments: Band.allCases)
    func s10AnOpinionChangesTheOpinionAndNothingElse(band: Band) {
        for step in [Step.judgeAgain, .decide, .giveReasons(.passTo, [])] {
            let opinion = FaceCheck.opinion(Opinion(band: band, rates: [], limits: []))
            let next = reduce(.revealed(revealed(step: step, check: .running)), .checked(sampleAlert.id, opinion))
            #expect(next == Next(.revealed(revealed(step: step, check: opinion))))
        }
    }

    @Test func aSecondPressWhileTheFirstIsRecordedAsksNothing() {
        for first in [
            reduce(.blind(blind), .judgePressed(.cannotTell)).state,
            reduce(.revealed(revealed(step: .judgeAgain)), .judgePressed(.cannotTell)).state,
        ] {
            for press in presses { #expect(reduce(first, press) == Next(first)) }
        }
    }

    @Test func theCheckIsAskedForOnceAndAgainOnlyAfterItWasNotPossible() {
        let asked = reduce(.revealed(revealed(step: .judgeAgain)), .checkPressed)
        #expect(asked.effect == .check(sampleAlert.id))
        #expect(reduce(asked.state, .checkPressed).effect == nil)
        let not = reduce(asked.state, .checked(sampleAlert.id, .notPossible(side: .probe, reason: .blurred))).state
        #expect(reduce(not, .checkPressed).effect == .check(sampleAlert.id))
    }

    @Test func whatTheCoreRefusesIsSaidAndCanBeTriedAgain() {
        let asked = reduce(.blind(blind), .judgePressed(.cannotTell))
        let failed = reduce(asked.state, .failed(asked.effect!, problem)).state
        guard case .blind(let state) = failed else { return expectNever() }
        #expect(state.problem == problem && !state.waiting)
        #expect(reduce(failed, .judgePressed(.cannotTell)) == asked)
    }

    @Test func whatComesLateForAnotherAlertChangesNothing() {
        let state = AlertState.revealed(revealed(step: .decide))
        for action: AlertAction in [
            .facesLoaded(otherAlert.id, Faces()), .checked(otherAlert.id, .running),
            .failed(.check(otherAlert.id), problem),
        ] {
            #expect(reduce(state, action) == Next(state))
        }
    }

    @Test func aNewAlertStartsWithNothingOfTheOneBefore() {
        let next = reduce(.revealed(revealed(step: .decide)), .shown(.blind(otherAlert, maySkip: true)))
        #expect(next == Next(.blind(BlindState(alert: otherAlert, viewing: Viewing(), maySkip: true))))
    }

    @Test(arguments: [Ending.expired, .withdrawn, .closed])
    func s03AnAlertThatWentAwayEndsWithoutADecision(ending: Ending) {
        let view = AlertView.over(sampleAlert, ending, warningMarkers: [])
        for state in [AlertState.quiet, .blind(blind), .revealed(revealed(step: .decide))] {
            #expect(reduce(state, .shown(view)) == Next(.over(sampleAlert, ending, warningMarkers: [])))
        }
    }

    @Test func timeOnTheScreenCountsOnlyForFacesThatAreThere() {
        let state = BlindState(
            alert: sampleAlert, viewing: Viewing(faces: Faces(probes: sampleFaces.probes)), maySkip: true)
        guard case .blind(let next) = reduce(.blind(state), .looked(millis: 1000)).state else { return expectNever() }
        #expect(next.viewing.look == Look(probeMillis: 1000, referenceMillis: 0, zoomed: false))
    }

    @Test func havingLookedCloserIsRemembered() {
        let closer = reduce(.blind(blind), .zoomPressed).state
        guard case .blind(let back) = reduce(closer, .zoomPressed).state else { return expectNever() }
        #expect(!back.viewing.close && back.viewing.look.zoomed)
    }

    @Test func nothingOfAFaceOrOfWhatIsGatedIsPrinted() {
        var printed = ""
        dump(AlertState.revealed(revealed(step: .decide)), to: &printed)
        printed += String(describing: revealed(step: .decide)) + String(reflecting: sampleFacts())
        for secret in ["Failed", "700", "640", "violent"] { #expect(!printed.contains(secret), "\(secret)") }
    }

    private func expectNever(sourceLocation: SourceLocation = #_sourceLocation) {
        Issue.record("the state is of another kind", sourceLocation: sourceLocation)
    }
}
