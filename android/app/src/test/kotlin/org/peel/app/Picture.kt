package org.peel.app

import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.ImageComposeScene
import androidx.compose.ui.unit.Density
import java.awt.image.BufferedImage
import java.io.File
import javax.imageio.ImageIO
import kotlin.math.abs
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue

private const val WIDTH_DP = 360
private const val HEIGHT_DP = 800
private const val PIXELS_PER_DP = 2
private const val FRAMES_PER_STATE = 40
private const val FRAME_NANOS = 16_666_667L

/**
 * Draws a screen as it goes through [states], some frames each, and leaves the last one as `target/screens/NAME.png`.
 * The way there matters: what scrolls into view does so when something changes.
 */
fun <S> draw(name: String, states: List<S>, screen: @Composable (S) -> Unit): File {
    var state by mutableStateOf(states.first())
    val density = Density(PIXELS_PER_DP.toFloat())
    val scene = ImageComposeScene(WIDTH_DP * PIXELS_PER_DP, HEIGHT_DP * PIXELS_PER_DP, density) {
        Surroundings { screen(state) }
    }
    val file = File(repository, "target/screens/$name.png")
    try {
        var time = 0L
        var picture = scene.render(time)
        for (each in states) {
            state = each
            repeat(FRAMES_PER_STATE) {
                time += FRAME_NANOS
                picture = scene.render(time)
            }
        }
        val encoded = checkNotNull(picture.encodeToData()) { "no picture was drawn" }
        file.apply { parentFile.mkdirs() }.writeBytes(encoded.bytes)
    } finally {
        scene.close()
    }
    return file
}

/**
 * Holds a picture against the one in `docs/screens` of the same name, so that nobody reads an old screen in the
 * documentation. `-Dscreens.update=true` keeps the new one instead. Edges may differ a little between machines.
 */
fun assertDocumented(drawn: File) {
    val documented = File(repository, "docs/screens/${drawn.name}")
    if (System.getProperty("screens.update").toBoolean()) {
        drawn.copyTo(documented.apply { parentFile.mkdirs() }, overwrite = true)
        return
    }
    val (here, there) = ImageIO.read(drawn) to ImageIO.read(documented)
    assertEquals("size of ${drawn.name}", there.width to there.height, here.width to here.height)
    val share = differing(here, there).toDouble() / (here.width * here.height)
    assertTrue(
        "${drawn.name} is not the screen of today: look at it, then -Dscreens.update=true ($share)",
        share < 0.01
    )
}

private fun differing(one: BufferedImage, other: BufferedImage): Int {
    var count = 0
    for (y in 0 until one.height) {
        for (x in 0 until one.width) {
            val (a, b) = one.getRGB(x, y) to other.getRGB(x, y)
            if (listOf(0, 8, 16).any { abs((a shr it and 0xFF) - (b shr it and 0xFF)) > 48 }) count++
        }
    }
    return count
}
