package org.peel.app.alert

import androidx.compose.foundation.background
import androidx.compose.foundation.border
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.unit.dp
import org.peel.app.theme.BigButton
import org.peel.app.theme.Ink
import org.peel.app.theme.Size
import org.peel.app.theme.Strip
import org.peel.app.theme.Type
import org.peel.app.theme.Weight
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.app.words.phrase
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.SkipReason

/** The signs on the three buttons; the words beside them say the same. */
fun Judgement.sign(): String = when (this) {
    Judgement.SAME_PERSON_LIKELY -> "="
    Judgement.CANNOT_TELL -> "?"
    Judgement.DIFFERENT_PEOPLE_LIKELY -> "≠"
}

/**
 * Two faces, where to look, and three equal answers, or reasons why there is none now. Nothing here says what anybody
 * or anything else thinks.
 */
@Composable
fun BlindScreen(state: AlertState.Blind, onAction: (AlertAction) -> Unit) {
    Column(Modifier.fillMaxSize().background(Ink.paper)) {
        Header(state.alert)
        if (state.alert.urgent) {
            Strip(Ink.red) { Text(LocalWords.current.text(Said.URGENT), style = Type.title, color = Ink.paper) }
        }
        FacePair(
            state.viewing,
            onZoom = { onAction(AlertAction.ZoomPressed) },
            onNextProbe = { onAction(AlertAction.NextProbePressed) },
            // The faces take whatever height is left: the larger the phone, the larger the faces.
            modifier = Modifier.weight(1f)
        )
        WhereToLook()
        ProblemStrip(state.problem)
        Column(
            verticalArrangement = Arrangement.spacedBy(Size.gap),
            modifier = Modifier.padding(start = Size.edge, end = Size.edge, bottom = Size.edge)
        ) {
            if (state.givingSkipReason) SkipReasons(state.waiting, onAction) else Answers(state, onAction)
        }
    }
}

@Composable
private fun Answers(state: AlertState.Blind, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    Text(words.text(Said.BLIND_QUESTION), style = Type.title, modifier = Modifier.padding(top = Size.gap))
    val faces = state.viewing.faces
    val bothFaces = faces.probes.isNotEmpty() && faces.reference != null
    for (judgement in Judgement.entries) {
        BigButton(
            words.text(judgement.phrase()),
            onPress = { onAction(AlertAction.JudgePressed(judgement)) },
            modifier = Modifier.fillMaxWidth(),
            enabled = bothFaces && !state.waiting,
            sign = judgement.sign()
        )
    }
    if (state.maySkip) {
        BigButton(
            words.text(if (state.waiting) Said.RECORDING else Said.CANNOT_JUDGE_NOW),
            onPress = { onAction(AlertAction.CannotJudgeNowPressed) },
            modifier = Modifier.fillMaxWidth(),
            enabled = !state.waiting,
            weight = Weight.ASIDE
        )
    }
}

/**
 * Why the officer cannot judge now, in the place of the answers. A thumb that presses twice hits "Back", which lies
 * where "Cannot judge now" did, and no reason.
 */
@Composable
private fun SkipReasons(waiting: Boolean, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    Text(
        words.text(if (waiting) Said.RECORDING else Said.SKIP_TITLE),
        style = Type.title,
        modifier = Modifier.padding(top = Size.gap)
    )
    for (reason in SkipReason.entries) {
        BigButton(
            words.text(reason.phrase()),
            onPress = { onAction(AlertAction.SkipReasonPressed(reason)) },
            modifier = Modifier.fillMaxWidth(),
            enabled = !waiting
        )
    }
    BigButton(
        words.text(Said.BACK),
        onPress = { onAction(AlertAction.BackPressed) },
        modifier = Modifier.fillMaxWidth(),
        enabled = !waiting,
        weight = Weight.ASIDE
    )
}

@Composable
private fun WhereToLook() {
    val words = LocalWords.current
    Row(
        verticalAlignment = Alignment.CenterVertically,
        horizontalArrangement = Arrangement.SpaceBetween,
        modifier = Modifier.fillMaxWidth().background(Ink.wash).padding(horizontal = Size.edge, vertical = 7.dp)
    ) {
        Text(words.text(Said.WHERE_TO_LOOK), style = Type.label, color = Ink.quiet)
        for (place in listOf(Said.LOOK_EARS, Said.LOOK_HAIRLINE, Said.LOOK_NOSE, Said.LOOK_MARKS)) {
            Text(
                words.text(place),
                style = Type.label,
                modifier = Modifier
                    .background(Ink.paper, RoundedCornerShape(6.dp))
                    .border(1.dp, Ink.quiet, RoundedCornerShape(6.dp))
                    .padding(horizontal = 7.dp, vertical = 4.dp)
            )
        }
    }
}
