package org.peel.shell.core

import java.time.Instant
import org.peel.core.AlertHeader
import org.peel.core.AlertPhase
import org.peel.core.AlertView
import org.peel.core.BlindAlert
import org.peel.core.Category
import org.peel.core.ComparisonView
import org.peel.core.Decision
import org.peel.core.Grade
import org.peel.core.KnownErrorRate
import org.peel.core.ReferenceSource
import org.peel.core.RevealedAlert
import org.peel.core.WarningMarker

internal fun header(phase: AlertPhase = AlertPhase.DISPLAYED, id: String = "one", exercise: Boolean = true) =
    AlertHeader(
        alertId = id,
        deploymentId = "deployment",
        exercise = exercise,
        cameraName = "Camera 2",
        direction = "north",
        capturedAt = Instant.parse("2026-03-14T12:00:00Z"),
        receivedAt = Instant.parse("2026-03-14T12:00:01Z"),
        staleAt = Instant.parse("2026-03-14T12:03:00Z"),
        ageS = 4u,
        urgent = true,
        probeCount = 2u,
        phase = phase,
        withdrawn = false,
        hasMedia = true,
        others = emptyList()
    )

internal fun blind(phase: AlertPhase = AlertPhase.DISPLAYED) =
    AlertView.Blind(BlindAlert(header(phase), maySkip = true))

internal fun revealed(
    phase: AlertPhase = AlertPhase.REVEALED,
    decision: Decision? = null,
    comparisons: List<ComparisonView> = emptyList()
) = AlertView.Revealed(
    RevealedAlert(
        header = header(phase),
        grade = Grade.RED,
        categories = listOf(Category.WANTED_BY_COURT),
        reasonText = "Failed to appear",
        warningMarkers = listOf(WarningMarker.CHILD_RISK),
        referenceAgeYears = 6u,
        referenceSource = ReferenceSource.CUSTODY,
        entryLastVerifiedAt = null,
        entryMayBeOutOfDate = true,
        under18 = true,
        vulnerable = false,
        knownTwinOrSibling = true,
        scoreThousandths = 712u,
        thresholdThousandths = 640u,
        knownErrorRate = KnownErrorRate(falseAlerts = 10u, facesSeen = 3_147_436u, alerts = 2_077u, source = "annual"),
        operatorJudgement = null,
        blindJudgement = null,
        revealedJudgement = null,
        comparisons = comparisons,
        decision = decision,
        noteNeeded = true,
        displayName = null
    )
)
