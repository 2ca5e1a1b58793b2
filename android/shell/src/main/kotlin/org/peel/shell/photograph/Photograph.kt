package org.peel.shell.photograph

import java.nio.ByteBuffer
import org.peel.shell.CoreResult
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.QualityReason

/**
 * A camera's frame where it lies, as CameraX's analysis hands it over in `RGBA_8888`: the one plane's buffer and row
 * stride, and by how many degrees the image has to be turned clockwise. It never prints its bytes.
 */
class CameraFrame(
    val plane: ByteBuffer,
    val width: Int,
    val height: Int,
    val rowStride: Int,
    val rotationDegrees: Int
) {
    override fun toString(): String = "CameraFrame([redacted])"
}

/** What to tell the officer who aims the camera. */
data class Preview(
    /** What stands in the way of a good photograph; nothing when it can be taken. */
    val advice: QualityReason?,
    /** For an outline on the screen. */
    val face: FacePlace?
)

/** A face's place in the upright frame, as parts of its sides; it may reach beyond the frame. */
data class FacePlace(val left: Float, val top: Float, val width: Float, val height: Float)

/** What taking a close photograph needs of the core. Nothing here throws. */
interface PhotographCore {
    /** Looks at one frame, on the camera's thread; nothing when another frame is in work and this one was dropped. */
    fun preview(id: AlertId, frame: CameraFrame, reason: String?): CoreResult<Preview?>

    /** Gives the core a photograph, JPEG or PNG, to hold in memory for less than a minute. */
    fun hold(id: AlertId, photograph: ByteArray, reason: String?): CoreResult<Unit>

    /** Compares what is held, which is gone afterwards. */
    suspend fun compareHeld(id: AlertId, reason: String?): CoreResult<FaceCheck>

    /** What is held goes at once. */
    fun drop(): CoreResult<Unit>
}
