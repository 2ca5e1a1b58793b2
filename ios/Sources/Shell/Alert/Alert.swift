// What an officer is shown of an alert. Names are the core's own, and the numbers stay as the core gives them, so
// that nothing is rounded on the way to the screen. Nothing that an officer decides has a default here.

import Foundation

/// Names one alert.
public struct AlertId: Hashable, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }
}

/// One photograph of a face, as JPEG or PNG. It never prints its bytes.
public struct FaceImage: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    public let encoded: Data

    public init(_ encoded: Data) {
        self.encoded = encoded
    }

    public var description: String { "FaceImage([redacted])" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// What may be seen at once, before any judgement.
public struct OpenAlert: Equatable, Sendable, Identifiable {
    public let id: AlertId
    public let cameraName: String
    public let direction: String?
    public let capturedAt: Date
    /// Seconds since capture by the core's clock: the shell has no clock of its own to be wrong by.
    public let ageSeconds: Int
    /// Red grade, said without its reason.
    public let urgent: Bool
    /// Role-players, not members of the public.
    public let exercise: Bool
    public let probeCount: Int

    public init(
        id: AlertId, cameraName: String, direction: String?, capturedAt: Date, ageSeconds: Int, urgent: Bool,
        exercise: Bool, probeCount: Int
    ) {
        self.id = id
        self.cameraName = cameraName
        self.direction = direction
        self.capturedAt = capturedAt
        self.ageSeconds = ageSeconds
        self.urgent = urgent
        self.exercise = exercise
        self.probeCount = probeCount
    }

    /// The core's clock when this was made.
    public var now: Date { capturedAt.addingTimeInterval(TimeInterval(ageSeconds)) }
}

/// The two faces; each is absent for the moment in which it is still on its way.
public struct Faces: Equatable, Sendable {
    /// The probe and, where the camera system sends them, more of the burst; the best first.
    public var probes: [FaceImage]
    public var reference: FaceImage?

    public init(probes: [FaceImage] = [], reference: FaceImage? = nil) {
        self.probes = probes
        self.reference = reference
    }
}

/// What the core hands out only after the blind judgement or its logged skip. It never prints what it holds.
public struct RevealedFacts: Equatable, Sendable, CustomStringConvertible, CustomReflectable {
    public let grade: Grade
    public let categories: [Category]
    public let reason: String
    public let warningMarkers: [WarningMarker]
    public let referenceAgeYears: Int?
    public let referenceSource: ReferenceSource
    public let entryLastVerifiedAt: Date?
    /// The core's own warning that the entry was not checked lately.
    public let entryMayBeOutOfDate: Bool
    public let flags: [SubjectFlag]
    public let displayName: String?
    public let score: ScorePlace
    public let knownErrors: KnownErrors
    public let operatorJudgement: Judgement?
    /// The core asks for a note with an engagement.
    public let noteNeeded: Bool

    public init(
        grade: Grade, categories: [Category], reason: String, warningMarkers: [WarningMarker],
        referenceAgeYears: Int?, referenceSource: ReferenceSource, entryLastVerifiedAt: Date?,
        entryMayBeOutOfDate: Bool, flags: [SubjectFlag], displayName: String?, score: ScorePlace,
        knownErrors: KnownErrors, operatorJudgement: Judgement?, noteNeeded: Bool
    ) {
        self.grade = grade
        self.categories = categories
        self.reason = reason
        self.warningMarkers = warningMarkers
        self.referenceAgeYears = referenceAgeYears
        self.referenceSource = referenceSource
        self.entryLastVerifiedAt = entryLastVerifiedAt
        self.entryMayBeOutOfDate = entryMayBeOutOfDate
        self.flags = flags
        self.displayName = displayName
        self.score = score
        self.knownErrors = knownErrors
        self.operatorJudgement = operatorJudgement
        self.noteNeeded = noteNeeded
    }

    public var description: String { "RevealedFacts([redacted])" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// A score beside the threshold that it passed, both in thousandths. Never a share of a hundred, never a certainty.
public struct ScorePlace: Equatable, Sendable {
    public let score: Int
    public let threshold: Int

    public init(score: Int, threshold: Int) {
        self.score = score
        self.threshold = threshold
    }
}

/// How often the camera system was wrong at this setting. There is always such a number (S09).
public struct KnownErrors: Equatable, Sendable {
    public let falseAlerts: UInt64
    public let facesSeen: UInt64
    public let alerts: UInt64

    public init(falseAlerts: UInt64, facesSeen: UInt64, alerts: UInt64) {
        self.falseAlerts = falseAlerts
        self.facesSeen = facesSeen
        self.alerts = alerts
    }
}

/// Grade of urgency.
public enum Grade: String, CaseIterable, Sendable { case red, amber, green }

/// Why the entry is on the watchlist.
public enum Category: String, CaseIterable, Sendable {
    case wantedByCourt
    case wantedByPolice
    case managedOffender
    case subjectOfOrder
    case missingOrAtRisk
    case riskToOthersIntelligence
    case testSubject
}

/// What must be known before walking up.
public enum WarningMarker: String, CaseIterable, Sendable {
    case violent, firearms, weapons, drugs, escaper, ailment, mentalHealth, suicidal, selfHarm, contagious, alleges
    case conceals, sexualOffence, childRisk, other
}

/// What calls for more care.
public enum SubjectFlag: String, CaseIterable, Sendable { case under18, vulnerable, knownTwinOrSibling }

/// Where the reference comes from.
public enum ReferenceSource: String, CaseIterable, Sendable { case custody, other }

/// What an officer judges of two faces.
public enum Judgement: String, CaseIterable, Sendable { case samePersonLikely, cannotTell, differentPeopleLikely }

/// Why the blind judgement was put off. Every policy takes these; without a reason the strictest takes none.
public enum SkipReason: String, CaseIterable, Sendable { case notSafeToLook, personIsHere, cannotSeeScreen }

/// One of the two faces.
public enum FaceSide: String, CaseIterable, Sendable { case probe, reference }

/// How the officer looked, as this phone measured it.
public struct Look: Equatable, Sendable {
    public let probeMillis: Int
    public let referenceMillis: Int
    public let zoomed: Bool

    public init(probeMillis: Int, referenceMillis: Int, zoomed: Bool) {
        self.probeMillis = probeMillis
        self.referenceMillis = referenceMillis
        self.zoomed = zoomed
    }
}
