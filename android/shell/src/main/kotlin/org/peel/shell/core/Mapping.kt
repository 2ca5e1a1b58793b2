package org.peel.shell.core

import org.peel.core.AlertHeader
import org.peel.core.AlertPhase
import org.peel.core.ComparisonView
import org.peel.core.DecisionRequest
import org.peel.core.JudgementRequest
import org.peel.core.RevealedAlert
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.AlertView
import org.peel.shell.alert.Band
import org.peel.shell.alert.Category
import org.peel.shell.alert.Decision
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.Ending
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.FaceSide
import org.peel.shell.alert.Grade
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.KnownErrors
import org.peel.shell.alert.Limit
import org.peel.shell.alert.Look
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.OpenAlert
import org.peel.shell.alert.QualityReason
import org.peel.shell.alert.RateCode
import org.peel.shell.alert.ReferenceSource
import org.peel.shell.alert.RevealedFacts
import org.peel.shell.alert.ScorePlace
import org.peel.shell.alert.SkipReason
import org.peel.shell.alert.SubjectFlag
import org.peel.shell.alert.TestedRate
import org.peel.shell.alert.WarningMarker

/*
 * The core's types and the app's, each way. Enums are mapped by their names, which a test holds equal; codes that this
 * app does not know become OTHER, so that a newer core never loses a caveat on an older screen.
 */

internal val openPhases = setOf(AlertPhase.RECEIVED, AlertPhase.DISPLAYED, AlertPhase.REVEALED)

internal fun AlertHeader.toApp() = OpenAlert(
    id = AlertId(alertId),
    cameraName = cameraName,
    direction = direction,
    capturedAt = capturedAt,
    ageSeconds = ageS.toLong(),
    urgent = urgent,
    exercise = exercise,
    probeCount = probeCount.toInt()
)

internal fun org.peel.core.AlertView.toApp(): AlertView = when (this) {
    is org.peel.core.AlertView.Blind -> {
        val open = alert.header.toApp()
        alert.header.ending(null)?.let { AlertView.Over(open, it, emptyList()) } ?: AlertView.Blind(open, alert.maySkip)
    }

    is org.peel.core.AlertView.Revealed -> {
        val open = alert.header.toApp()
        val facts = alert.facts()
        alert.header.ending(alert.decision)?.let { AlertView.Over(open, it, facts.warningMarkers) }
            ?: AlertView.Revealed(
                alert = open,
                facts = facts,
                check = alert.comparisons.lastOrNull()?.toApp() ?: FaceCheck.NotAsked,
                judgedAgain = alert.revealedJudgement?.let { named<Judgement>(it) }
            )
    }
}

private fun AlertHeader.ending(decision: org.peel.core.Decision?): Ending? = when {
    decision != null -> Ending.Decided(decision.kind())
    phase == AlertPhase.EXPIRED -> Ending.Expired
    phase == AlertPhase.WITHDRAWN -> Ending.Withdrawn
    phase in openPhases -> null
    else -> Ending.Closed
}

private fun org.peel.core.Decision.kind(): DecisionKind = when (this) {
    is org.peel.core.Decision.Engage -> DecisionKind.ENGAGE
    is org.peel.core.Decision.DoNotEngage -> DecisionKind.DO_NOT_ENGAGE
    is org.peel.core.Decision.PassTo -> DecisionKind.PASS_TO
    is org.peel.core.Decision.ObserveOnly -> DecisionKind.OBSERVE_ONLY
}

private fun RevealedAlert.facts() = RevealedFacts(
    grade = named<Grade>(grade),
    categories = categories.map { named<Category>(it) },
    reason = reasonText,
    warningMarkers = warningMarkers.map { named<WarningMarker>(it) },
    referenceAgeYears = referenceAgeYears?.toInt(),
    referenceSource = named<ReferenceSource>(referenceSource),
    entryLastVerifiedAt = entryLastVerifiedAt,
    entryMayBeOutOfDate = entryMayBeOutOfDate,
    flags = listOfNotNull(
        SubjectFlag.UNDER_18.takeIf { under18 },
        SubjectFlag.VULNERABLE.takeIf { vulnerable },
        SubjectFlag.KNOWN_TWIN_OR_SIBLING.takeIf { knownTwinOrSibling }
    ),
    displayName = displayName,
    score = ScorePlace(scoreThousandths.toInt(), thresholdThousandths.toInt()),
    knownErrors = KnownErrors(
        falseAlerts = knownErrorRate.falseAlerts.toLong(),
        facesSeen = knownErrorRate.facesSeen.toLong(),
        alerts = knownErrorRate.alerts.toLong()
    ),
    operatorJudgement = operatorJudgement?.let { named<Judgement>(it) },
    noteNeeded = noteNeeded
)

internal fun ComparisonView.toApp(): FaceCheck = when (band) {
    org.peel.core.Band.NOT_POSSIBLE -> FaceCheck.NotPossible(
        side = reason?.let { code -> FaceSide.entries.find { code.startsWith(it.name.lowercase()) } },
        reason = coded(reason, QualityReason.entries, QualityReason.OTHER)
    )

    else -> FaceCheck.Opinion(
        band = named<Band>(band),
        rates = testedRates.map { rate ->
            val what = coded(rate.code, RateCode.entries, RateCode.OTHER)
            TestedRate(what, rate.numerator.toLong(), rate.denominator.toLong())
        },
        limits = limits.map { coded(it, Limit.entries, Limit.OTHER) }.distinct()
    )
}

internal fun request(value: Judgement, look: Look) = JudgementRequest(value = named(value), look = look.toCore())

private fun Look.toCore() = org.peel.core.Look(
    probeMs = probeMillis.toMillisOnTheWire(),
    referenceMs = referenceMillis.toMillisOnTheWire(),
    zoomed = zoomed
)

internal fun Long.toMillisOnTheWire(): UInt = coerceIn(0, UInt.MAX_VALUE.toLong()).toUInt()

internal fun SkipReason.toCore(): org.peel.core.SkipReason = named(this)

internal fun request(decision: Decision, note: String?): DecisionRequest {
    val core = when (decision) {
        is Decision.Engage -> org.peel.core.Decision.Engage

        is Decision.NotEngage -> {
            val reasons = decision.reasons.map { it.toCore() }
            when (decision.kind) {
                DecisionKind.DO_NOT_ENGAGE -> org.peel.core.Decision.DoNotEngage(reasons)
                DecisionKind.PASS_TO -> org.peel.core.Decision.PassTo(reasons)
                DecisionKind.OBSERVE_ONLY -> org.peel.core.Decision.ObserveOnly(reasons)
                DecisionKind.ENGAGE -> error("a decision not to engage is never one to engage")
            }
        }
    }
    return DecisionRequest(decision = core, note = note)
}

private fun NoEngagementReason.toCore(): org.peel.core.NoEngagementReason = when (this) {
    NoEngagementReason.DIFFERENT_PERSON -> org.peel.core.NoEngagementReason.DifferentPerson
    NoEngagementReason.CANNOT_TELL -> org.peel.core.NoEngagementReason.CannotTell
    NoEngagementReason.IMAGE_QUALITY -> org.peel.core.NoEngagementReason.ImageQuality
    NoEngagementReason.LOST_IN_CROWD -> org.peel.core.NoEngagementReason.LostInCrowd
    NoEngagementReason.SUBJECT_LEFT_AREA -> org.peel.core.NoEngagementReason.SubjectLeftArea
    NoEngagementReason.UNSAFE_FOR_PUBLIC -> org.peel.core.NoEngagementReason.UnsafeForPublic
    NoEngagementReason.UNSAFE_FOR_OFFICER -> org.peel.core.NoEngagementReason.UnsafeForOfficer
    NoEngagementReason.NO_OFFICER_AVAILABLE -> org.peel.core.NoEngagementReason.NoOfficerAvailable
    NoEngagementReason.HIGHER_PRIORITY -> org.peel.core.NoEngagementReason.HigherPriority
    NoEngagementReason.ALREADY_DEALT_WITH -> org.peel.core.NoEngagementReason.AlreadyDealtWith
    NoEngagementReason.ENTRY_STALE_OR_ERROR -> org.peel.core.NoEngagementReason.EntryStaleOrError
    NoEngagementReason.NOT_PROPORTIONATE_HERE -> org.peel.core.NoEngagementReason.NotProportionateHere
    NoEngagementReason.CHILD_OR_VULNERABLE_HANDLE_OTHERWISE ->
        org.peel.core.NoEngagementReason.ChildOrVulnerableHandleOtherwise

    NoEngagementReason.DUPLICATE_ALERT -> org.peel.core.NoEngagementReason.DuplicateAlert
    NoEngagementReason.TEST_SUBJECT -> org.peel.core.NoEngagementReason.TestSubject
    NoEngagementReason.SUPERVISOR_DIRECTION -> org.peel.core.NoEngagementReason.SupervisorDirection
}

/** The value of the same name in another enum. */
internal inline fun <reified T : Enum<T>> named(value: Enum<*>): T = enumValueOf<T>(value.name)

/** The value that a code of the core names, whatever area stands before its last full stop. */
internal fun <T : Enum<T>> coded(code: String?, values: List<T>, other: T): T {
    val name = code?.substringAfterLast('.')?.uppercase() ?: return other
    return values.find { it.name == name } ?: other
}
