package org.peel.shell.alert

import java.time.Instant

/*
 * What an officer is shown of an alert. Names are the core's own, and the numbers stay as the core gives them, so that
 * nothing is rounded on the way to the screen. Nothing that an officer decides has a default here.
 */

/** Names one alert. */
@JvmInline
value class AlertId(val text: String)

/** One photograph of a face, as JPEG or PNG. It never prints its bytes. */
class FaceImage(val encoded: ByteArray) {
    override fun toString(): String = "FaceImage([redacted])"
}

/** What may be seen at once, before any judgement. */
data class OpenAlert(
    val id: AlertId,
    val cameraName: String,
    val direction: String?,
    val capturedAt: Instant,
    /** Seconds since capture by the core's clock: the shell has no clock of its own to be wrong by. */
    val ageSeconds: Long,
    /** Red grade, said without its reason. */
    val urgent: Boolean,
    /** Role-players, not members of the public. */
    val exercise: Boolean,
    val probeCount: Int
) {
    /** The core's clock when this was made. */
    val now: Instant get() = capturedAt.plusSeconds(ageSeconds)

    override fun toString(): String = "OpenAlert(${id.text})"
}

/** The two faces; each is null for the moment in which it is still on its way. */
data class Faces(
    /** The probe and, where the camera system sends them, more of the burst; the best first. */
    val probes: List<FaceImage>,
    val reference: FaceImage?
)

/** What the core hands out only after the blind judgement or its logged skip. */
data class RevealedFacts(
    val grade: Grade,
    val categories: List<Category>,
    val reason: String,
    val warningMarkers: List<WarningMarker>,
    val referenceAgeYears: Int?,
    val referenceSource: ReferenceSource,
    val entryLastVerifiedAt: Instant?,
    /** The core's own warning that the entry was not checked lately. */
    val entryMayBeOutOfDate: Boolean,
    val flags: List<SubjectFlag>,
    val displayName: String?,
    val score: ScorePlace,
    val knownErrors: KnownErrors,
    val operatorJudgement: Judgement?,
    /** The core asks for a note with an engagement. */
    val noteNeeded: Boolean
) {
    override fun toString(): String = "RevealedFacts([redacted])"
}

/** A score beside the threshold that it passed, both in thousandths. Never a share of a hundred, never a certainty. */
data class ScorePlace(val score: Int, val threshold: Int) {
    override fun toString(): String = "ScorePlace([redacted])"
}

/** How often the camera system was wrong at this setting. There is always such a number (S09). */
data class KnownErrors(val falseAlerts: Long, val facesSeen: Long, val alerts: Long)

/** Grade of urgency. */
enum class Grade { RED, AMBER, GREEN }

/** Why the entry is on the watchlist. */
enum class Category {
    WANTED_BY_COURT,
    WANTED_BY_POLICE,
    MANAGED_OFFENDER,
    SUBJECT_OF_ORDER,
    MISSING_OR_AT_RISK,
    RISK_TO_OTHERS_INTELLIGENCE,
    TEST_SUBJECT
}

/** What must be known before walking up. */
enum class WarningMarker {
    VIOLENT,
    FIREARMS,
    WEAPONS,
    DRUGS,
    ESCAPER,
    AILMENT,
    MENTAL_HEALTH,
    SUICIDAL,
    SELF_HARM,
    CONTAGIOUS,
    ALLEGES,
    CONCEALS,
    SEXUAL_OFFENCE,
    CHILD_RISK,
    OTHER
}

/** What calls for more care. */
enum class SubjectFlag { UNDER_18, VULNERABLE, KNOWN_TWIN_OR_SIBLING }

/** Where the reference comes from. */
enum class ReferenceSource { CUSTODY, OTHER }

/** What an officer judges of two faces. */
enum class Judgement { SAME_PERSON_LIKELY, CANNOT_TELL, DIFFERENT_PEOPLE_LIKELY }

/** Why the blind judgement was put off. Every policy takes these; without a reason the strictest takes none. */
enum class SkipReason { NOT_SAFE_TO_LOOK, PERSON_IS_HERE, CANNOT_SEE_SCREEN }

/** How the officer looked, as this phone measured it. */
data class Look(val probeMillis: Long, val referenceMillis: Long, val zoomed: Boolean)
