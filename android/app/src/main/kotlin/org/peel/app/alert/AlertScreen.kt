package org.peel.app.alert

import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.fillMaxSize
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import org.peel.app.theme.Ink
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.AlertState

/** The alert screen: a picture of [state], and nothing that the state does not say. */
@Composable
fun AlertScreen(state: AlertState, onAction: (AlertAction) -> Unit) {
    when (state) {
        AlertState.Quiet -> Box(Modifier.fillMaxSize().background(Ink.paper))
        is AlertState.Blind -> BlindScreen(state, onAction)
        is AlertState.Revealed -> RevealedScreen(state, onAction)
        is AlertState.Over -> OverScreen(state, onAction)
    }
}
