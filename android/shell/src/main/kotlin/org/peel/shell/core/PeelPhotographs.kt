package org.peel.shell.core

import java.nio.ByteBuffer
import org.peel.core.FrameLayout
import org.peel.core.OfficerCoreInterface
import org.peel.core.PixelOrder
import org.peel.core.PreviewView
import org.peel.core.QuarterTurns
import org.peel.shell.CoreResult
import org.peel.shell.Problem
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.QualityReason
import org.peel.shell.photograph.CameraFrame
import org.peel.shell.photograph.FacePlace
import org.peel.shell.photograph.PhotographCore
import org.peel.shell.photograph.Preview

private val turns = mapOf(
    0 to QuarterTurns.NONE,
    90 to QuarterTurns.ONE,
    180 to QuarterTurns.TWO,
    270 to QuarterTurns.THREE
)

/** Close photographs by the real core. */
class PeelPhotographs(private val core: OfficerCoreInterface) : PhotographCore {
    override fun preview(id: AlertId, frame: CameraFrame, reason: String?): CoreResult<Preview?> {
        val layout = frame.layout() ?: return CoreResult.Failed(Problem(Problem.Kind.INVALID, "frame.layout"))
        return result { core.previewPhotograph(id.text, layout, frame.plane.direct(), reason)?.toApp() }
    }

    override fun hold(id: AlertId, photograph: ByteArray, reason: String?): CoreResult<Unit> =
        result { core.holdPhotograph(id.text, photograph, reason) }

    override suspend fun compareHeld(id: AlertId, reason: String?): CoreResult<FaceCheck> =
        result { core.compareHeldPhotograph(id.text, reason).toApp() }

    override fun drop(): CoreResult<Unit> = result { core.dropPhotograph() }
}

internal fun CameraFrame.layout(): FrameLayout? {
    val turned = turns[rotationDegrees]
    if (turned == null || minOf(width, height, rowStride) < 0) return null
    return FrameLayout(width.toUInt(), height.toUInt(), rowStride.toUInt(), PixelOrder.RGBA, turned)
}

/** From its start, where the camera's rows begin. The core borrows memory of the camera's kind; others are copied. */
private fun ByteBuffer.direct(): ByteBuffer {
    val whole = duplicate().apply { rewind() }
    return if (isDirect) whole else ByteBuffer.allocateDirect(whole.remaining()).put(whole).apply { flip() }
}

internal fun PreviewView.toApp() = Preview(
    advice = advice?.let { coded(it, QualityReason.entries, QualityReason.OTHER) },
    face = face?.let { FacePlace(it.left, it.top, it.width, it.height) }
)
