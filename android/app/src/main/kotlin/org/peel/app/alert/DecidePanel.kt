package org.peel.app.alert

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.Checkbox
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.draw.scale
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.unit.dp
import org.peel.app.theme.BigButton
import org.peel.app.theme.Size
import org.peel.app.theme.Type
import org.peel.app.theme.Weight
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.app.words.phrase
import org.peel.app.words.shortPhrase
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.Step

/** The second judgement, with everything known; it comes before any decision. */
@Composable
internal fun JudgeAgain(waiting: Boolean, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    Panel(words.text(if (waiting) Said.RECORDING else Said.SECOND_QUESTION)) {
        Row(horizontalArrangement = Arrangement.spacedBy(Size.gap)) {
            for (judgement in Judgement.entries) {
                BigButton(
                    words.text(judgement.shortPhrase()),
                    onPress = { onAction(AlertAction.JudgePressed(judgement)) },
                    modifier = Modifier.weight(1f),
                    enabled = !waiting,
                    height = 76.dp,
                    style = Type.title
                )
            }
        }
    }
}

/** Four equal ways, none of them chosen. */
@Composable
internal fun Decide(waiting: Boolean, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    Panel(words.text(if (waiting) Said.RECORDING else Said.DECISION_QUESTION)) {
        for (pair in DecisionKind.entries.chunked(2)) {
            Row(horizontalArrangement = Arrangement.spacedBy(Size.gap)) {
                for (kind in pair) {
                    BigButton(
                        words.text(kind.phrase()),
                        onPress = { onAction(AlertAction.DecisionPressed(kind)) },
                        modifier = Modifier.weight(1f),
                        enabled = !waiting
                    )
                }
            }
        }
    }
}

/** Why not: one or more, none ticked beforehand. */
@Composable
internal fun Reasons(
    step: Step.GiveReasons,
    waiting: Boolean,
    onAction: (AlertAction) -> Unit,
    modifier: Modifier = Modifier
) {
    val words = LocalWords.current
    val decision = words.text(step.kind.phrase())
    Column(modifier.padding(horizontal = Size.edge)) {
        Text(words.text(Said.REASONS_TITLE, decision), style = Type.title, modifier = Modifier.padding(top = Size.gap))
        Text(words.text(Said.REASONS_HELP), style = Type.label)
        Column(Modifier.weight(1f).verticalScroll(rememberScrollState())) {
            for (reason in NoEngagementReason.entries) {
                Row(
                    verticalAlignment = Alignment.CenterVertically,
                    modifier = Modifier
                        .fillMaxWidth()
                        .heightIn(min = Size.touch)
                        .toggleable(reason in step.reasons, enabled = !waiting, role = Role.Checkbox) {
                            onAction(AlertAction.ReasonPressed(reason))
                        }
                ) {
                    Checkbox(
                        reason in step.reasons,
                        onCheckedChange = null,
                        modifier = Modifier.padding(4.dp).scale(1.5f)
                    )
                    Text(words.text(reason.phrase()), style = Type.body, modifier = Modifier.padding(start = Size.edge))
                }
            }
        }
    }
}

@Composable
internal fun RecordReasons(step: Step.GiveReasons, waiting: Boolean, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    val record = words.text(Said.RECORD, words.text(step.kind.phrase()).lowercase())
    Box(Modifier.padding(horizontal = Size.edge)) {
        RecordOrBack(record, step.reasons.isNotEmpty() && !waiting, waiting, onAction)
    }
}

/** Why engaging is necessary and proportionate here, in the officer's own words. */
@Composable
internal fun GiveNote(step: Step.GiveNote, waiting: Boolean, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    Panel(words.text(Said.NOTE_TITLE)) {
        OutlinedTextField(
            value = step.text,
            onValueChange = { onAction(AlertAction.NoteChanged(it)) },
            label = { Text(words.text(Said.NOTE_HELP)) },
            textStyle = Type.body,
            modifier = Modifier.fillMaxWidth()
        )
        val record = words.text(Said.RECORD, words.text(DecisionKind.ENGAGE.phrase()).lowercase())
        RecordOrBack(record, step.text.isNotBlank() && !waiting, waiting, onAction)
    }
}

@Composable
private fun RecordOrBack(record: String, canRecord: Boolean, waiting: Boolean, onAction: (AlertAction) -> Unit) {
    Row(
        horizontalArrangement = Arrangement.spacedBy(Size.gap),
        modifier = Modifier.padding(vertical = Size.gap)
    ) {
        BigButton(
            LocalWords.current.text(Said.BACK),
            onPress = { onAction(AlertAction.BackPressed) },
            modifier = Modifier.weight(1f),
            enabled = !waiting,
            weight = Weight.ASIDE
        )
        BigButton(
            record,
            onPress = { onAction(AlertAction.RecordPressed) },
            modifier = Modifier.weight(2f),
            enabled = canRecord
        )
    }
}

@Composable
private fun Panel(title: String, content: @Composable () -> Unit) {
    Column(
        verticalArrangement = Arrangement.spacedBy(Size.gap),
        modifier = Modifier.fillMaxWidth().padding(horizontal = Size.edge, vertical = Size.gap)
    ) {
        Text(title, style = Type.title)
        content()
    }
}
