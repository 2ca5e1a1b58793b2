package org.peel.app

import androidx.compose.runtime.Composable
import androidx.compose.runtime.CompositionLocalProvider
import androidx.compose.ui.text.font.FontFamily
import androidx.compose.ui.text.font.FontWeight
import androidx.compose.ui.text.platform.Font
import java.io.File
import org.peel.app.alert.LocalFaceDecoder
import org.peel.app.alert.skiaFaceDecoder
import org.peel.app.theme.PeelTheme
import org.peel.app.words.LocalWords
import org.peel.app.words.XmlWords

/** The repository's root, as Maven says it. */
val repository = File(System.getProperty("peel.repository"))

/** The wording that the phone shows. */
val words = XmlWords(File("src/main/res/values/strings.xml"))

private const val ROBOTO = "META-INF/resources/webjars/roboto-fontface/0.10.0/fonts/roboto"

private val roboto = FontFamily(
    Font("$ROBOTO/Roboto-Medium.woff", FontWeight.Medium),
    Font("$ROBOTO/Roboto-Bold.woff", FontWeight.Bold),
    Font("$ROBOTO/Roboto-Black.woff", FontWeight.Black)
)

/** What surrounds a screen on the phone, for a screen on a JVM. */
@Composable
fun Surroundings(content: @Composable () -> Unit) {
    CompositionLocalProvider(LocalWords provides words, LocalFaceDecoder provides skiaFaceDecoder) {
        PeelTheme(roboto, content)
    }
}
