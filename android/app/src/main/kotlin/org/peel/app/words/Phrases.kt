package org.peel.app.words

import org.peel.shell.Problem
import org.peel.shell.alert.Band
import org.peel.shell.alert.Category
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.FaceSide
import org.peel.shell.alert.Grade
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.Limit
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.QualityReason
import org.peel.shell.alert.RateCode
import org.peel.shell.alert.ReferenceSource
import org.peel.shell.alert.SkipReason
import org.peel.shell.alert.SubjectFlag
import org.peel.shell.alert.WarningMarker

/** Every fixed phrase of the alert screen; its key is its name in lower case. */
enum class Said : Phrase {
    EXERCISE,
    URGENT,
    SECONDS,
    SINCE_CAPTURE,
    PROBE,
    PROBE_OF,
    PROBE_COMING,
    REFERENCE,
    REFERENCE_COMING,
    ZOOM_IN,
    ZOOM_OUT,
    WHERE_TO_LOOK,
    LOOK_EARS,
    LOOK_HAIRLINE,
    LOOK_NOSE,
    LOOK_MARKS,
    BLIND_QUESTION,
    CANNOT_JUDGE_NOW,
    SKIP_TITLE,
    WARNINGS,
    NO_WARNINGS,
    OPERATOR_SAYS,
    REFERENCE_AGE_UNKNOWN,
    REFERENCE_AGE,
    YEARS,
    CHECKED,
    CHECKED_NEVER,
    CHECKED_LONG_AGO,
    MINUTES_AGO,
    HOURS_AGO,
    DAYS_AGO,
    NAMED,
    SCORE,
    SCORE_LIMIT,
    SCORE_MEANING,
    CAN_BE_WRONG,
    KNOWN_ERRORS,
    CHECK_TITLE,
    CHECK_START,
    CHECK_RUNNING,
    CHECK_RATES_NONE,
    CHECK_NOT_POSSIBLE,
    PHOTOGRAPH_GOOD,
    SECOND_QUESTION,
    DECISION_QUESTION,
    REASONS_TITLE,
    REASONS_HELP,
    NOTE_TITLE,
    NOTE_HELP,
    RECORD,
    BACK,
    RECORDING,
    RECORDED,
    EXPIRED,
    WITHDRAWN,
    CLOSED,
    DISMISS,
    NOT_RECORDED
    ;

    override val key: String get() = name.lowercase()
}

/** The name of a grade. */
fun Grade.phrase(): Phrase = CodeName("grade", this)

/** The name of a category. */
fun Category.phrase(): Phrase = CodeName("category", this)

/** The name of a warning marker. */
fun WarningMarker.phrase(): Phrase = CodeName("warning", this)

/** What a flag asks for. */
fun SubjectFlag.phrase(): Phrase = CodeName("flag", this)

/** Where a reference comes from. */
fun ReferenceSource.phrase(): Phrase = CodeName("source", this)

/** A judgement, on its button. */
fun Judgement.phrase(): Phrase = CodeName("judgement", this)

/** A judgement, on a narrow button. */
fun Judgement.shortPhrase(): Phrase = CodeName("judgement_short", this)

/** Why an officer cannot judge now. */
fun SkipReason.phrase(): Phrase = CodeName("skip", this)

/** A decision, on its button. */
fun DecisionKind.phrase(): Phrase = CodeName("decision", this)

/** A reason for not engaging. */
fun NoEngagementReason.phrase(): Phrase = CodeName("reason", this)

/** A band of the face check. */
fun Band.phrase(): Phrase = CodeName("band", this)

/** What a band asks of the officer. */
fun Band.advice(): Phrase = CodeName("band_advice", this)

/** What the face check cannot do. */
fun Limit.phrase(): Phrase = CodeName("limit", this)

/** Which of the two faces. */
fun FaceSide.phrase(): Phrase = CodeName("side", this)

/** What a tested rate of the face check says. */
fun RateCode.phrase(): Phrase = CodeName("rate", this)

/** Why the face check gives no opinion, and what to do. */
fun QualityReason.phrase(): Phrase = CodeName("quality", this)

/** What to do, while the officer aims, about what stands in the way of a good photograph. */
fun QualityReason.advice(): Phrase = CodeName("advice", this)

/** What to do about a problem. */
fun Problem.Kind.phrase(): Phrase = CodeName("problem", this)

/** Every phrase that the screens can ask for; a test holds it against `strings.xml`. */
fun everyPhrase(): List<Phrase> = Said.entries +
    Grade.entries.map { it.phrase() } +
    Category.entries.map { it.phrase() } +
    WarningMarker.entries.map { it.phrase() } +
    SubjectFlag.entries.map { it.phrase() } +
    ReferenceSource.entries.map { it.phrase() } +
    Judgement.entries.flatMap { listOf(it.phrase(), it.shortPhrase()) } +
    SkipReason.entries.map { it.phrase() } +
    DecisionKind.entries.map { it.phrase() } +
    NoEngagementReason.entries.map { it.phrase() } +
    Band.entries.flatMap { listOf(it.phrase(), it.advice()) } +
    Limit.entries.map { it.phrase() } +
    FaceSide.entries.map { it.phrase() } +
    RateCode.entries.map { it.phrase() } +
    QualityReason.entries.flatMap { listOf(it.phrase(), it.advice()) } +
    Problem.Kind.entries.map { it.phrase() }
