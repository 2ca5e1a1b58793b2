package org.peel.app.alert

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.text.style.TextAlign
import org.peel.app.theme.BigButton
import org.peel.app.theme.Ink
import org.peel.app.theme.Size
import org.peel.app.theme.Type
import org.peel.app.words.LocalWords
import org.peel.app.words.Said
import org.peel.app.words.phrase
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.Ending

/** How the alert ended. The faces are gone; the warnings stay for whoever now walks up. */
@Composable
fun OverScreen(state: AlertState.Over, onAction: (AlertAction) -> Unit) {
    val words = LocalWords.current
    val text = when (val ending = state.ending) {
        is Ending.Decided -> words.text(Said.RECORDED, words.text(ending.kind.phrase()))
        Ending.Expired -> words.text(Said.EXPIRED)
        Ending.Withdrawn -> words.text(Said.WITHDRAWN)
        Ending.Closed -> words.text(Said.CLOSED)
    }
    Column(Modifier.fillMaxSize().background(Ink.paper)) {
        if (state.ending == Ending.Decided(DecisionKind.ENGAGE)) Warnings(state.warningMarkers)
        Box(Modifier.weight(1f).fillMaxWidth().padding(Size.edge), contentAlignment = Alignment.Center) {
            Text(text, style = Type.clock, textAlign = TextAlign.Center)
        }
        BigButton(
            words.text(Said.DISMISS),
            onPress = { onAction(AlertAction.DismissPressed) },
            modifier = Modifier.fillMaxWidth().padding(Size.edge)
        )
    }
}
