package org.peel.shell.alert

import java.time.Instant

internal val capturedAt: Instant = Instant.parse("2026-03-14T12:00:00Z")

internal val alert = OpenAlert(
    id = AlertId("one"),
    cameraName = "Camera 2",
    direction = null,
    capturedAt = capturedAt,
    ageSeconds = 4,
    urgent = false,
    exercise = true,
    probeCount = 2
)

internal val faces = Faces(listOf(FaceImage(byteArrayOf(1)), FaceImage(byteArrayOf(2))), FaceImage(byteArrayOf(3)))

internal val viewing = Viewing(faces)

internal val blind = AlertState.Blind(alert, viewing, maySkip = true)

internal val skipping = blind.copy(givingSkipReason = true)

internal val facts = RevealedFacts(
    grade = Grade.AMBER,
    categories = listOf(Category.WANTED_BY_COURT),
    reason = "Failed to appear",
    warningMarkers = listOf(WarningMarker.VIOLENT),
    referenceAgeYears = null,
    referenceSource = ReferenceSource.CUSTODY,
    entryLastVerifiedAt = null,
    entryMayBeOutOfDate = true,
    flags = emptyList(),
    displayName = null,
    score = ScorePlace(700, 640),
    knownErrors = KnownErrors(falseAlerts = 10, facesSeen = 3_147_436, alerts = 2_077),
    operatorJudgement = null,
    noteNeeded = false
)

internal val revealed = AlertState.Revealed(alert, viewing, facts, FaceCheck.NotAsked, Step.JudgeAgain)

internal val deciding = revealed.copy(step = Step.Decide)

/** Everything that can be pressed. */
internal val presses: List<AlertAction> = buildList {
    Judgement.entries.forEach { add(AlertAction.JudgePressed(it)) }
    DecisionKind.entries.forEach { add(AlertAction.DecisionPressed(it)) }
    NoEngagementReason.entries.forEach { add(AlertAction.ReasonPressed(it)) }
    SkipReason.entries.forEach { add(AlertAction.SkipReasonPressed(it)) }
    add(AlertAction.CannotJudgeNowPressed)
    add(AlertAction.CheckPressed)
    add(AlertAction.NoteChanged("because"))
    add(AlertAction.RecordPressed)
    add(AlertAction.BackPressed)
    add(AlertAction.DismissPressed)
}
