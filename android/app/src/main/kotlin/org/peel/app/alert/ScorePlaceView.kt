package org.peel.app.alert

import androidx.compose.foundation.Canvas
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.geometry.Offset
import androidx.compose.ui.graphics.StrokeCap
import androidx.compose.ui.unit.dp
import org.peel.app.theme.Ink
import org.peel.app.theme.Type
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.shell.alert.ScorePlace

/** Below the threshold there are no alerts: so much of the scale is shown of it, in thousandths. */
private const val BELOW_THRESHOLD = 100
private const val TOP_OF_SCALE = 1000

/** The score as a place beside the deployment's threshold: a scale, never a share of a hundred (S08). */
@Composable
fun ScorePlaceView(place: ScorePlace, modifier: Modifier = Modifier) {
    val words = LocalWords.current
    Column(modifier) {
        Row(Modifier.fillMaxWidth(), horizontalArrangement = Arrangement.SpaceBetween) {
            Text(words.text(Said.SCORE_LIMIT, thousandths(place.threshold)), style = Type.body)
            Text(words.text(Said.SCORE, thousandths(place.score)), style = Type.title)
        }
        Scale(place)
        Text(words.text(Said.SCORE_MEANING), style = Type.label)
    }
}

@Composable
private fun Scale(place: ScorePlace) {
    val from = (place.threshold - BELOW_THRESHOLD).coerceIn(0, TOP_OF_SCALE - 1)
    val span = (TOP_OF_SCALE - from).toFloat()
    Canvas(Modifier.fillMaxWidth().height(28.dp)) {
        val middle = size.height / 2
        fun along(thousandths: Int) = (thousandths - from) / span * size.width
        val limit = along(place.threshold)
        drawLine(Ink.line, Offset(0f, middle), Offset(limit, middle), 6.dp.toPx())
        drawLine(Ink.ink, Offset(limit, middle), Offset(size.width, middle), 6.dp.toPx())
        drawLine(Ink.ink, Offset(limit, 2f), Offset(limit, size.height - 2f), 4.dp.toPx(), StrokeCap.Round)
        val radius = 11.dp.toPx()
        val score = Offset(along(place.score).coerceIn(radius, size.width - radius), middle)
        drawCircle(Ink.ink, radius, score)
        drawCircle(Ink.paper, 7.dp.toPx(), score)
    }
}

/** 640 is "0.64", 712 is "0.712": exact, so that a score never looks as if it were on the threshold. */
internal fun thousandths(value: Int): String {
    val digits = "%d.%03d".format(value / TOP_OF_SCALE, value % TOP_OF_SCALE)
    return digits.removeSuffix("0")
}
