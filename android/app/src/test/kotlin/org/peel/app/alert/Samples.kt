package org.peel.app.alert

import java.awt.RenderingHints
import java.awt.geom.AffineTransform
import java.awt.image.BufferedImage
import java.awt.image.RescaleOp
import java.io.ByteArrayOutputStream
import java.io.File
import java.time.Duration
import java.time.Instant
import javax.imageio.ImageIO
import org.peel.app.repository
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.Band
import org.peel.shell.alert.Category
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.FaceImage
import org.peel.shell.alert.Faces
import org.peel.shell.alert.Grade
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.KnownErrors
import org.peel.shell.alert.Limit
import org.peel.shell.alert.OpenAlert
import org.peel.shell.alert.RateCode
import org.peel.shell.alert.ReferenceSource
import org.peel.shell.alert.RevealedFacts
import org.peel.shell.alert.ScorePlace
import org.peel.shell.alert.Step
import org.peel.shell.alert.TestedRate
import org.peel.shell.alert.Viewing
import org.peel.shell.alert.WarningMarker

/** An alert of an exercise, for tests that need no core; its faces are the exercise's role-players. */
object Samples {
    private val capturedAt: Instant = Instant.parse("2026-03-14T12:00:00Z")

    private val photograph: BufferedImage = ImageIO.read(File(repository, "tests/street/faces/devon_1.jpg"))

    /** Head and shoulders, as a custody photograph is cut. */
    val reference = photograph.getSubimage(40, 0, 200, 250).encoded()

    /** The same photograph as a street camera might have it: small, dim, a little turned, enlarged again. */
    val probe = streetProbe(photograph).encoded()

    val alert = OpenAlert(
        id = AlertId("0195-sample"),
        cameraName = "Camera 2, High Street",
        direction = "Walking to the station",
        capturedAt = capturedAt,
        ageSeconds = 4,
        urgent = true,
        exercise = true,
        probeCount = 1
    )

    val viewing = Viewing(Faces(listOf(FaceImage(probe)), FaceImage(reference)))

    val blind = AlertState.Blind(alert, viewing, maySkip = true)

    val skipping = blind.copy(givingSkipReason = true)

    val facts = RevealedFacts(
        grade = Grade.RED,
        categories = listOf(Category.WANTED_BY_COURT),
        reason = "Failed to appear: robbery",
        warningMarkers = listOf(WarningMarker.VIOLENT, WarningMarker.WEAPONS),
        referenceAgeYears = 6,
        referenceSource = ReferenceSource.CUSTODY,
        entryLastVerifiedAt = capturedAt - Duration.ofHours(5),
        entryMayBeOutOfDate = false,
        flags = emptyList(),
        displayName = null,
        score = ScorePlace(712, 640),
        knownErrors = KnownErrors(falseAlerts = 10, facesSeen = 3_147_436, alerts = 2_077),
        operatorJudgement = Judgement.SAME_PERSON_LIKELY,
        noteNeeded = false
    )

    val revealed = AlertState.Revealed(
        alert.copy(ageSeconds = 9),
        viewing,
        facts,
        FaceCheck.NotAsked,
        Step.JudgeAgain
    )

    val opinion = FaceCheck.Opinion(
        Band.SUPPORTS,
        listOf(
            TestedRate(RateCode.FALSE_ALERTS_GIVEN_SUPPORTS, 60, 1_000),
            TestedRate(RateCode.TRUE_ALERTS_OF_SMALL_POOR_PROBES_SCORING_LOW, 155, 1_000)
        ),
        listOf(
            Limit.CANNOT_SEPARATE_TWINS_OR_CLOSE_RELATIVES,
            Limit.CALIBRATION_NOT_FITTED,
            Limit.SAME_IMAGES_AS_THE_ALERT
        )
    )

    private fun streetProbe(photograph: BufferedImage): BufferedImage {
        val small = BufferedImage(104, 130, BufferedImage.TYPE_INT_RGB)
        small.createGraphics().run {
            setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BILINEAR)
            transform(AffineTransform.getRotateInstance(0.06, 52.0, 65.0))
            drawImage(photograph.getSubimage(40, 0, 200, 250), -6, -6, 117, 146, null)
            dispose()
        }
        val dim = RescaleOp(0.8f, 6f, null).filter(small, null)
        val large = BufferedImage(320, 400, BufferedImage.TYPE_INT_RGB)
        large.createGraphics().run {
            setRenderingHint(RenderingHints.KEY_INTERPOLATION, RenderingHints.VALUE_INTERPOLATION_BICUBIC)
            drawImage(dim, 0, 0, 320, 400, null)
            dispose()
        }
        return large
    }

    private fun BufferedImage.encoded(): ByteArray =
        ByteArrayOutputStream().also { ImageIO.write(this, "png", it) }.toByteArray()
}
