package org.peel.shell.photograph

import java.nio.ByteBuffer
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test
import org.peel.shell.CoreResult
import org.peel.shell.Problem
import org.peel.shell.alert.AlertId
import org.peel.shell.alert.Band
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.QualityReason

class PhotographStoreTest {
    /** A core that answers as it is told, and keeps what it was asked. */
    private class Fake : PhotographCore {
        val asked = mutableListOf<String>()
        var preview: CoreResult<Preview?> = CoreResult.Done(Preview(QualityReason.TOO_DARK, null))
        var whileLooking: () -> Unit = {}
        val slow = CompletableDeferred<Unit>()

        override fun preview(id: AlertId, frame: CameraFrame, reason: String?): CoreResult<Preview?> {
            asked += "preview"
            whileLooking()
            return preview
        }

        override fun hold(id: AlertId, photograph: ByteArray, reason: String?): CoreResult<Unit> {
            asked += "hold ${photograph.size} $reason"
            return CoreResult.Done(Unit)
        }

        override suspend fun compareHeld(id: AlertId, reason: String?): CoreResult<FaceCheck> {
            asked += "compare"
            slow.await()
            return CoreResult.Done(opinion)
        }

        override fun drop(): CoreResult<Unit> {
            asked += "drop"
            return CoreResult.Done(Unit)
        }
    }

    private val fake = Fake()
    private val store = PhotographStore(fake, AlertId("a"), "because", CoroutineScope(Dispatchers.Unconfined))
    private val frame = CameraFrame(ByteBuffer.allocateDirect(16), 2, 2, 8, 0)

    @Test
    fun `the newest advice is shown, and a frame that was dropped changes nothing`() {
        store.look(frame)
        val dark = PhotographState.Aiming(Preview(QualityReason.TOO_DARK, null))
        assertEquals(dark, store.state.value)
        fake.preview = CoreResult.Done(null)
        store.look(frame)
        assertEquals(dark, store.state.value)
        val refused = Problem(Problem.Kind.NOT_ALLOWED_NOW, "check.off")
        fake.preview = CoreResult.Failed(refused)
        store.look(frame)
        assertEquals(PhotographState.Aiming(problem = refused), store.state.value)
    }

    @Test
    fun `s19 what was taken is the core's alone, and leaving lets go of it`() {
        val photograph = byteArrayOf(1, 2, 3)
        store.take(photograph)
        assertArrayEquals(ByteArray(3), photograph)
        assertEquals(PhotographState.Taken(), store.state.value)
        store.leave()
        val late = byteArrayOf(4)
        store.take(late)
        store.look(frame)
        store.compare()
        store.again()
        assertArrayEquals(ByteArray(1), late)
        assertEquals(PhotographState.Left, store.state.value)
        assertEquals(listOf("hold 3 because", "drop"), fake.asked)
    }

    @Test
    fun `s19 a frame that was in work when the officer left brings nothing back`() {
        fake.whileLooking = store::leave
        store.look(frame)
        assertEquals(PhotographState.Left, store.state.value)
    }

    @Test
    fun `s19 an opinion that comes after the officer left is not shown`() {
        store.take(byteArrayOf(1))
        store.compare()
        assertEquals(PhotographState.Comparing, store.state.value)
        store.leave()
        fake.slow.complete(Unit)
        assertEquals(PhotographState.Left, store.state.value)
    }

    @Test
    fun `a photograph is compared once, and no frame is looked at meanwhile`() {
        store.take(byteArrayOf(1))
        store.look(frame)
        store.compare()
        store.compare()
        fake.slow.complete(Unit)
        assertEquals(PhotographState.Compared(opinion), store.state.value)
        assertEquals(listOf("hold 1 because", "compare"), fake.asked)
    }

    private companion object {
        val opinion = FaceCheck.Opinion(Band.INCONCLUSIVE, emptyList(), emptyList())
    }
}
