package org.peel.app.alert

import androidx.compose.foundation.Image
import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.clickable
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.runtime.staticCompositionLocalOf
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.clipToBounds
import androidx.compose.ui.graphics.ImageBitmap
import androidx.compose.ui.graphics.graphicsLayer
import androidx.compose.ui.layout.ContentScale
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.peel.app.theme.Ink
import org.peel.app.theme.Type
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.shell.alert.FaceImage
import org.peel.shell.alert.Viewing

/** How much nearer "look closer" goes. */
private const val CLOSE = 1.7f

/** Turns encoded bytes into pixels, null when they cannot be read; Android and a JVM do it each in their own way. */
fun interface FaceDecoder {
    fun decode(face: FaceImage): ImageBitmap?
}

/** The decoder that the screens around use. */
val LocalFaceDecoder = staticCompositionLocalOf<FaceDecoder> { error("no face decoder was provided") }

/** The two faces side by side, at one size, so that nothing but the faces differs. One press brings both closer. */
@Composable
fun FacePair(viewing: Viewing, onZoom: () -> Unit, onNextProbe: () -> Unit, modifier: Modifier = Modifier) {
    val words = LocalWords.current
    val probes = viewing.faces.probes
    val probe = probes.getOrNull(viewing.probeShown)
    val title = when {
        probe == null -> words.text(Said.PROBE_COMING)
        probes.size > 1 -> words.text(Said.PROBE_OF, viewing.probeShown + 1, probes.size)
        else -> words.text(Said.PROBE)
    }
    val reference = viewing.faces.reference
    val referenceTitle = words.text(if (reference == null) Said.REFERENCE_COMING else Said.REFERENCE)
    val zoom = words.text(if (viewing.close) Said.ZOOM_OUT else Said.ZOOM_IN)
    Row(modifier.fillMaxWidth(), horizontalArrangement = Arrangement.spacedBy(4.dp)) {
        val face = Modifier.weight(1f)
        Face(title, probe, viewing.close, face, zoom, if (probes.size > 1) onNextProbe else onZoom, onZoom)
        Face(referenceTitle, reference, viewing.close, face, zoom, onZoom, onZoom)
    }
}

@Composable
private fun Face(
    title: String,
    face: FaceImage?,
    close: Boolean,
    modifier: Modifier,
    zoom: String,
    onTitle: () -> Unit,
    onZoom: () -> Unit
) {
    Column(modifier) {
        Text(
            title,
            style = Type.label,
            color = Ink.paper,
            textAlign = TextAlign.Center,
            modifier = Modifier.fillMaxWidth().background(
                Ink.ink
            ).clickable(onClick = onTitle).padding(vertical = 4.dp)
        )
        Box(
            Modifier
                .fillMaxSize()
                .clipToBounds()
                .background(Ink.wash)
                .clickable(onClickLabel = zoom, onClick = onZoom)
        ) { face?.let { Picture(it, title, close) } }
    }
}

@Composable
private fun Picture(face: FaceImage, title: String, close: Boolean) {
    val decoder = LocalFaceDecoder.current
    val bitmap = remember(face) { decoder.decode(face) } ?: return
    val scale = if (close) CLOSE else 1f
    Image(
        bitmap = bitmap,
        contentDescription = title,
        contentScale = ContentScale.Crop,
        alignment = Alignment.Center,
        modifier = Modifier.fillMaxSize().graphicsLayer(scaleX = scale, scaleY = scale).border(1.dp, Ink.line)
    )
}
