import Foundation
import Shell
import SwiftUI

/// Each main state of the alert screen, for the editor's canvas.
struct AlertScreenPreviews: PreviewProvider {
    static var previews: some View {
        AlertScreen(state: .blind(Sample.blind), words: .ofThisPhone, send: { _ in })
        AlertScreen(state: .blind(Sample.skipping), words: .ofThisPhone, send: { _ in })
        AlertScreen(state: .revealed(Sample.revealed(.judgeAgain)), words: .ofThisPhone, send: { _ in })
        AlertScreen(state: .revealed(Sample.revealed(.decide)), words: .ofThisPhone, send: { _ in })
        AlertScreen(state: .revealed(Sample.revealed(.giveReasons(.passTo, []))), words: .ofThisPhone, send: { _ in })
        AlertScreen(
            state: .over(Sample.alert, .expired, warningMarkers: []), words: .ofThisPhone, send: { _ in })
    }
}

/// An exercise's alert, without faces.
private enum Sample {
    static let alert = OpenAlert(
        id: AlertId("preview"), cameraName: "Camera 2", direction: "towards the station",
        capturedAt: Date(timeIntervalSince1970: 1_773_489_600), ageSeconds: 4, urgent: false, exercise: true,
        probeCount: 1)

    static let blind = BlindState(alert: alert, viewing: Viewing(), maySkip: true)
    static let skipping = BlindState(alert: alert, viewing: Viewing(), maySkip: true, givingSkipReason: true)

    static func revealed(_ step: Step) -> RevealedState {
        RevealedState(
            alert: alert, viewing: Viewing(),
            facts: RevealedFacts(
                grade: .amber, categories: [.wantedByCourt], reason: "Failed to appear", warningMarkers: [.violent],
                referenceAgeYears: 3, referenceSource: .custody,
                entryLastVerifiedAt: Date(timeIntervalSince1970: 1_773_480_000), entryMayBeOutOfDate: false,
                flags: [], displayName: nil, score: ScorePlace(score: 712, threshold: 640),
                knownErrors: KnownErrors(falseAlerts: 10, facesSeen: 3_147_436, alerts: 2_077),
                operatorJudgement: .samePersonLikely, noteNeeded: false),
            check: .notAsked, step: step)
    }
}
