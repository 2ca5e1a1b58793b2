import Foundation

@testable import Shell

let sampleAlert = OpenAlert(
    id: AlertId("one"), cameraName: "Camera 2", direction: nil, capturedAt: Date(timeIntervalSince1970: 1_773_489_600),
    ageSeconds: 4, urgent: false, exercise: true, probeCount: 2)

let otherAlert = OpenAlert(
    id: AlertId("two"), cameraName: "Camera 1", direction: "towards the station",
    capturedAt: Date(timeIntervalSince1970: 1_773_489_700), ageSeconds: 1, urgent: true, exercise: true, probeCount: 1)

let sampleFaces = Faces(
    probes: [FaceImage(Data([1])), FaceImage(Data([2]))], reference: FaceImage(Data([3])))

func sampleFacts(noteNeeded: Bool = false) -> RevealedFacts {
    RevealedFacts(
        grade: .amber, categories: [.wantedByCourt], reason: "Failed to appear", warningMarkers: [.violent],
        referenceAgeYears: nil, referenceSource: .custody, entryLastVerifiedAt: nil, entryMayBeOutOfDate: true,
        flags: [], displayName: nil, score: ScorePlace(score: 700, threshold: 640),
        knownErrors: KnownErrors(falseAlerts: 10, facesSeen: 3_147_436, alerts: 2_077), operatorJudgement: nil,
        noteNeeded: noteNeeded)
}

let blind = BlindState(alert: sampleAlert, viewing: Viewing(faces: sampleFaces), maySkip: true)

let skipping = BlindState(
    alert: sampleAlert, viewing: Viewing(faces: sampleFaces), maySkip: true, givingSkipReason: true)

func revealed(step: Step, noteNeeded: Bool = false, check: FaceCheck = .notAsked) -> RevealedState {
    RevealedState(
        alert: sampleAlert, viewing: Viewing(faces: sampleFaces), facts: sampleFacts(noteNeeded: noteNeeded),
        check: check, step: step)
}

private let reasonPresses: [AlertAction] =
    NoEngagementReason.allCases.map { .reasonPressed($0) } + SkipReason.allCases.map { .skipReasonPressed($0) }

/// Everything that can be pressed.
let presses: [AlertAction] =
    Judgement.allCases.map { .judgePressed($0) } + DecisionKind.allCases.map { .decisionPressed($0) } + reasonPresses
    + [
        .cannotJudgeNowPressed, .checkPressed, .noteChanged("because"), .recordPressed, .backPressed, .dismissPressed,
    ]
