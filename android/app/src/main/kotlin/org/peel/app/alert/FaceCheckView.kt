package org.peel.app.alert

import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxHeight
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.height
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.selected
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.dp
import org.peel.app.theme.BigButton
import org.peel.app.theme.Ink
import org.peel.app.theme.Type
import org.peel.app.theme.Weight
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.app.words.advice
import org.peel.app.words.phrase
import org.peel.shell.alert.Band
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.Limit
import org.peel.shell.alert.TestedRate

/** Said before and after the check, whatever else limits it (S21). */
private val alwaysSaid = listOf(Limit.CANNOT_SEPARATE_TWINS_OR_CLOSE_RELATIVES, Limit.SAME_IMAGES_AS_THE_ALERT)

/** The secondary face check: one press to ask, three bands to answer, and what the answer is worth. */
@Composable
fun FaceCheckView(check: FaceCheck, onStart: () -> Unit) {
    val words = LocalWords.current
    if (check != FaceCheck.NotAsked) Text(words.text(Said.CHECK_TITLE), style = Type.title)
    when (check) {
        FaceCheck.NotAsked -> Start(onStart)

        FaceCheck.Running -> Text(words.text(Said.CHECK_RUNNING), style = Type.body)

        is FaceCheck.NotPossible -> {
            val reason = words.text(check.reason.phrase())
            val what = check.side?.let { "${words.text(it.phrase())}: $reason" } ?: reason
            Text(words.text(Said.CHECK_NOT_POSSIBLE, what), style = Type.body)
            Start(onStart)
        }

        is FaceCheck.Opinion -> {
            Bands(check.band)
            Text(words.text(check.band.advice()), style = Type.title)
            Rates(check.rates)
        }
    }
    val limits = (check as? FaceCheck.Opinion)?.limits.orEmpty()
    for (limit in (alwaysSaid + limits).distinct()) Text(words.text(limit.phrase()), style = Type.body)
}

@Composable
private fun Start(onStart: () -> Unit) {
    BigButton(
        LocalWords.current.text(Said.CHECK_START),
        onPress = onStart,
        modifier = Modifier.fillMaxWidth(),
        weight = Weight.ASIDE,
        style = Type.title
    )
}

/** Three equal fields in one colour: where the opinion lies, not what to do. */
@Composable
private fun Bands(band: Band) {
    val words = LocalWords.current
    Row(Modifier.fillMaxWidth().height(52.dp).border(2.dp, Ink.ink)) {
        for (each in Band.entries) {
            val here = each == band
            Box(
                contentAlignment = Alignment.Center,
                modifier = Modifier
                    .weight(1f)
                    .fillMaxHeight()
                    .background(if (here) Ink.ink else Ink.paper)
                    .semantics { selected = here }
                    .padding(2.dp)
            ) {
                Text(
                    words.text(each.phrase()),
                    style = Type.label,
                    color = if (here) Ink.paper else Ink.quiet,
                    textAlign = TextAlign.Center
                )
            }
        }
    }
}

@Composable
private fun Rates(rates: List<TestedRate>) {
    val words = LocalWords.current
    if (rates.isEmpty()) Text(words.text(Said.CHECK_RATES_NONE), style = Type.body)
    for (rate in rates) Text(words.text(rate.what.phrase(), rate.cases, rate.of), style = Type.body)
}
