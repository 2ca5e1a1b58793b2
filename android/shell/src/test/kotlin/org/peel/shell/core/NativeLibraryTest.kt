package org.peel.shell.core

import java.io.File
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir
import org.peel.core.ClockReading
import org.peel.core.CoreConfig
import org.peel.core.DeviceClock
import org.peel.core.KeySlot
import org.peel.core.KeyVault
import org.peel.core.OfficerCore
import org.peel.core.VaultException
import org.peel.core.WrapSlot
import org.peel.shell.CoreResult

/** The real library, loaded into this JVM. */
class NativeLibraryTest {
    /** A key store whose user said no. */
    private object RefusingVault : KeyVault {
        override fun publicKey(slot: KeySlot): ByteArray = throw VaultException.Refused()

        override fun sign(slot: KeySlot, message: ByteArray): ByteArray = throw VaultException.Refused()

        override fun wrap(slot: WrapSlot, secret: ByteArray): ByteArray = throw VaultException.Refused()

        override fun unwrap(slot: WrapSlot, wrapped: ByteArray): ByteArray = throw VaultException.Refused()

        override fun destroy(slot: WrapSlot): Unit = throw VaultException.Refused()
    }

    private object JvmClock : DeviceClock {
        override fun now() = ClockReading(
            wallMs = System.currentTimeMillis(),
            monotonicNs = System.nanoTime().toULong(),
            bootId = ByteArray(8),
            exercise = false
        )
    }

    @Test
    fun `the bindings and the library are of one version, and a refusal comes back typed`(@TempDir folder: File) {
        val notAFolder = File(folder, "file").apply { writeText("in the way") }
        val config = CoreConfig(dataDir = notAFolder.path, modelsDir = notAFolder.path)
        val opened = result { OfficerCore.open(config, RefusingVault, JvmClock) }
        assertTrue(opened is CoreResult.Failed, opened.toString())
    }
}
