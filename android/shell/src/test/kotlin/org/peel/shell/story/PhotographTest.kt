package org.peel.shell.story

import java.io.File
import java.nio.ByteBuffer
import javax.imageio.ImageIO
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertNotNull
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.peel.shell.CoreResult
import org.peel.shell.Problem
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.Decision
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.Look
import org.peel.shell.alert.QualityReason
import org.peel.shell.photograph.CameraFrame

private const val STORY_MILLIS = 60_000L

/** A close photograph at a real stop, from the camera's frames to the opinion, through the real core. */
class PhotographTest {
    private val repository = File(System.getProperty("peel.repository"))
    private val faces = File(repository, "tests/street/faces")
    private val file = File(faces, "avery_2.jpg")
    private val towardsTheCamera = File(faces, "avery_1.jpg")

    /** A frame as CameraX hands it over: RGBA, padded rows, the picture as the sensor lies. */
    private fun frame(rotationDegrees: Int = 0, direct: Boolean = true): CameraFrame {
        val image = ImageIO.read(towardsTheCamera)
        val sideways = rotationDegrees == 90
        val width = if (sideways) image.height else image.width
        val height = if (sideways) image.width else image.height
        val rowStride = width * 4 + 32
        val size = rowStride * height
        val plane = if (direct) ByteBuffer.allocateDirect(size) else ByteBuffer.allocate(size)
        for (y in 0 until height) {
            for (x in 0 until width) {
                // Turned clockwise by 90 degrees, the sensor's first column is the upright picture's top row.
                val rgb = if (sideways) image.getRGB(image.width - 1 - y, x) else image.getRGB(x, y)
                val at = y * rowStride + x * 4
                for ((channel, shift) in listOf(16, 8, 0).withIndex()) {
                    plane.put(at + channel, (rgb shr shift).toByte())
                }
            }
        }
        return CameraFrame(plane, width, height, rowStride, rotationDegrees)
    }

    private fun <T> CoreResult<T>.kind() = (this as? CoreResult.Failed)?.problem?.kind

    @Test
    fun `s18 frames are looked at once the stop runs, and a photograph held is compared once`(@TempDir folder: File) =
        runBlocking<Unit> {
            withTimeout(STORY_MILLIS) {
                GatewayProcess(File(folder, "force").apply { mkdirs() }).use { gateway ->
                    val phone = Phone(folder, File(repository, "models"))
                    phone.start(gateway)
                    val reference = towardsTheCamera.readBytes()
                    val id = AlertId(gateway.raise(file.readBytes(), reference))
                    phone.alerts.openAlerts.first { id in it }
                    val camera = phone.photographs
                    val early = camera.preview(id, frame(), null).kind()
                    assertEquals(Problem.Kind.NOT_ALLOWED_NOW, early, "before the judgement")
                    phone.alerts.displayed(id).done()
                    phone.alerts.judge(id, Judgement.SAME_PERSON_LIKELY, Look(900, 900, zoomed = false)).done()
                    phone.alerts.judgeAgain(id, Judgement.SAME_PERSON_LIKELY, Look(900, 900, zoomed = false)).done()
                    phone.alerts.decide(id, Decision.Engage, note = null).done()
                    assertEquals(Problem.Kind.NOT_ALLOWED_NOW, camera.hold(id, file.readBytes(), null).kind())
                    phone.contact(id)
                    looks(phone, id)
                    val drawn = camera.hold(id, file.readBytes(), null)
                    assertEquals(CoreResult.Done(Unit), drawn)
                    assertTrue(camera.compareHeld(id, null).done() is FaceCheck.Opinion)
                    assertEquals(Problem.Kind.NOT_FOUND, camera.compareHeld(id, null).kind(), "it is gone")
                    camera.hold(id, file.readBytes(), null).done()
                    camera.drop().done()
                    assertEquals(Problem.Kind.NOT_FOUND, camera.compareHeld(id, null).kind(), "and so is what was left")
                    phone.session.disconnect().done()
                }
            }
        }

    private fun looks(phone: Phone, id: AlertId) {
        val camera = phone.photographs
        val good = checkNotNull(camera.preview(id, frame(), null).done())
        assertNull(good.advice)
        assertNotNull(good.face)
        assertEquals(good, camera.preview(id, frame(direct = false), null).done())
        val turned = checkNotNull(camera.preview(id, frame(rotationDegrees = 90), null).done())
        assertEquals(good, turned, "held sideways")
        val empty = CameraFrame(ByteBuffer.allocateDirect(64 * 48 * 4), 64, 48, 64 * 4, 0)
        assertEquals(QualityReason.NO_FACE, camera.preview(id, empty, null).done()?.advice)
        val short = CameraFrame(ByteBuffer.allocateDirect(10), 64, 48, 64 * 4, 0)
        assertEquals(Problem.Kind.INVALID, camera.preview(id, short, null).kind())
        val askew = CameraFrame(empty.plane, 64, 48, 64 * 4, 45)
        assertEquals(Problem.Kind.INVALID, camera.preview(id, askew, null).kind())
    }
}
