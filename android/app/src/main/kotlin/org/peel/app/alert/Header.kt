package org.peel.app.alert

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.LiveRegionMode
import androidx.compose.ui.semantics.liveRegion
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextOverflow
import androidx.compose.ui.unit.dp
import org.peel.app.theme.Ink
import org.peel.app.theme.Size
import org.peel.app.theme.Strip
import org.peel.app.theme.Type
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.app.words.phrase
import org.peel.shell.Problem
import org.peel.shell.alert.OpenAlert

/** Where, which way, and how long ago: what an officer needs to turn the head the right way. */
@Composable
fun Header(alert: OpenAlert) {
    val words = LocalWords.current
    if (alert.exercise) {
        Strip(Ink.exercise) { Text(words.text(Said.EXERCISE), style = Type.label, color = Ink.paper) }
    }
    Row(
        verticalAlignment = Alignment.CenterVertically,
        horizontalArrangement = Arrangement.spacedBy(Size.gap),
        modifier = Modifier.fillMaxWidth().padding(horizontal = Size.edge, vertical = 6.dp)
    ) {
        Column(Modifier.weight(1f)) {
            Text(alert.cameraName, style = Type.place, maxLines = 2, overflow = TextOverflow.Ellipsis)
            alert.direction?.let { Text(it, style = Type.body, maxLines = 2, overflow = TextOverflow.Ellipsis) }
        }
        Column(horizontalAlignment = Alignment.End, modifier = Modifier.padding(start = 4.dp)) {
            Text(words.text(Said.SECONDS, alert.ageSeconds), style = Type.clock)
            Text(words.text(Said.SINCE_CAPTURE), style = Type.label)
        }
    }
}

/** Says aloud what was not recorded and what to do. */
@Composable
fun ProblemStrip(problem: Problem?) {
    if (problem == null) return
    val words = LocalWords.current
    Strip(Ink.amber, Modifier.semantics { liveRegion = LiveRegionMode.Assertive }) {
        Text(words.text(Said.NOT_RECORDED, words.text(problem.kind.phrase())), style = Type.body, color = Ink.ink)
    }
}
