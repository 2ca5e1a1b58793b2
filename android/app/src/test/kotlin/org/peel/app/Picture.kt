package org.peel.app

import androidx.compose.runtime.Composable
import androidx.compose.ui.ImageComposeScene
import androidx.compose.ui.unit.Density
import java.io.File

private const val FRAMES = 30L
private const val FRAME_NANOS = 16_666_667L

/** Draws a screen of [width] by [height] dp at two pixels a dp, and leaves it as a PNG. */
fun picture(file: File, width: Int = 360, height: Int = 800, content: @Composable () -> Unit) {
    val density = 2
    val scene = ImageComposeScene(width * density, height * density, Density(density.toFloat())) {
        Surroundings(content)
    }
    try {
        // Half a second of frames, so that what scrolls into view has arrived.
        for (frame in 0L until FRAMES) scene.render(frame * FRAME_NANOS)
        val encoded = checkNotNull(scene.render(FRAMES * FRAME_NANOS).encodeToData()) { "no picture was drawn" }
        file.apply { parentFile.mkdirs() }.writeBytes(encoded.bytes)
    } finally {
        scene.close()
    }
}
