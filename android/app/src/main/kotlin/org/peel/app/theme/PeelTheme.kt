package org.peel.app.theme

import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.sp

/** Colours for sunlight: black on white, and each coloured ground with ink that stands out at least 7 to 1. */
object Ink {
    val paper = Color(0xFFFFFFFF)
    val ink = Color(0xFF000000)
    val quiet = Color(0xFF3A3A3A)
    val line = Color(0xFFB8B8B8)
    val wash = Color(0xFFEFEFEF)
    val waiting = Color(0xFF6A6A6A)

    val red = Color(0xFF9E0012)
    val amber = Color(0xFFFFB000)
    val green = Color(0xFF00522B)
    val exercise = Color(0xFF00307A)
}

/** Sizes: nothing to press is lower than [touch], so that a gloved thumb finds it. */
object Size {
    val touch = 64.dp
    val gap = 8.dp
    val edge = 12.dp
    val corner = 10.dp
}

/** The typeface that the screens around use; on a phone, the phone's own. */
private val LocalTypeface = staticCompositionLocalOf<FontFamily> { FontFamily.Default }

/** Type: nothing that must be read within ten seconds is smaller than [body]. */
object Type {
    val clock @Composable get() = style(36, 38, FontWeight.Black)
    val place @Composable get() = style(21, 24, FontWeight.Bold)
    val button @Composable get() = style(21, 24, FontWeight.Bold)
    val title @Composable get() = style(20, 24, FontWeight.Bold)
    val body @Composable get() = style(18, 23, FontWeight.Medium)
    val label @Composable get() = style(16, 19, FontWeight.Bold)

    @Composable
    private fun style(size: Int, line: Int, weight: FontWeight) =
        TextStyle(fontSize = size.sp, lineHeight = line.sp, fontWeight = weight, fontFamily = LocalTypeface.current)
}

/** One light theme: the sun outshines a dark one. */
@Composable
fun PeelTheme(typeface: FontFamily = FontFamily.Default, content: @Composable () -> Unit) {
    val colours = lightColorScheme(
        primary = Ink.ink,
        onPrimary = Ink.paper,
        background = Ink.paper,
        onBackground = Ink.ink,
        surface = Ink.paper,
        onSurface = Ink.ink,
        outline = Ink.ink
    )
    MaterialTheme(colorScheme = colours) {
        CompositionLocalProvider(LocalTypeface provides typeface, content = content)
    }
}
