import Foundation
import Shell
import Testing

@testable import App

@Suite struct AlertScreenTests {
    @Test func theScaleHasItsThresholdBeforeItsScoreAndNeverLeavesTheScreen() {
        for threshold in stride(from: 0, through: 1000, by: 50) {
            for score in stride(from: threshold, through: 1000, by: 50) {
                let scale = ScoreScale(ScorePlace(score: score, threshold: threshold))
                #expect(scale.along(threshold) <= scale.along(score))
                #expect((0.0...1.0).contains(scale.along(score)) && (0.0...1.0).contains(scale.along(threshold)))
            }
        }
    }

    private static let checks: [FaceCheck] = [
        .notAsked, .running, .notPossible(side: nil, reason: .other),
        .opinion(Opinion(band: .supports, rates: [], limits: [])),
    ]

    @MainActor @Test(arguments: checks)
    func s21ItIsAlwaysSaidThatTwinsAndCloseRelativesCannotBeTold(check: FaceCheck) {
        let view = FaceCheckView(check: check, words: .ofThisPhone, start: {})
        #expect(view.limits.contains(.cannotSeparateTwinsOrCloseRelatives))
    }

    @Test func anEntryThatWasNeverCheckedIsNotSaidToBeWanted() {
        let words = Words.ofThisPhone
        #expect(words.checked(facts(verified: nil, old: true), now: Date()) == words.text("checked_never"))
        let now = Date(timeIntervalSince1970: 1_000_000)
        let old = words.checked(facts(verified: now - 3 * 86_400, old: true), now: now)
        #expect(old == words.text("checked_long_ago", words.text("days_ago_other", "3")))
        let fresh = words.checked(facts(verified: now - 3_600, old: false), now: now)
        #expect(fresh == words.text("checked", words.text("hours_ago_one", "1")))
    }

    private func facts(verified: Date?, old: Bool) -> RevealedFacts {
        RevealedFacts(
            grade: .green, categories: [.missingOrAtRisk], reason: "", warningMarkers: [], referenceAgeYears: 2,
            referenceSource: .custody, entryLastVerifiedAt: verified, entryMayBeOutOfDate: old, flags: [],
            displayName: nil, score: ScorePlace(score: 700, threshold: 640),
            knownErrors: KnownErrors(falseAlerts: 1, facesSeen: 2, alerts: 3), operatorJudgement: nil,
            noteNeeded: true)
    }
}
