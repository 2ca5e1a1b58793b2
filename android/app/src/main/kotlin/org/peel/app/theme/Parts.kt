package org.peel.app.theme

import androidx.compose.foundation.BorderStroke
import androidx.compose.foundation.background
import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Box
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.heightIn
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.layout.width
import androidx.compose.foundation.shape.RoundedCornerShape
import androidx.compose.material3.Surface
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.role
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.TextStyle
import androidx.compose.ui.text.style.TextAlign
import androidx.compose.ui.unit.Dp
import androidx.compose.ui.unit.dp

/** How a button stands out. Buttons between which an officer chooses all take the same. */
enum class Weight { CHOICE, ASIDE }

/** A button for a gloved thumb. */
@Composable
fun BigButton(
    text: String,
    onPress: () -> Unit,
    modifier: Modifier = Modifier,
    enabled: Boolean = true,
    weight: Weight = Weight.CHOICE,
    sign: String? = null,
    height: Dp = Size.touch,
    style: TextStyle = Type.button
) {
    val ground = if (weight == Weight.CHOICE) Ink.ink else Ink.paper
    val ink = if (weight == Weight.CHOICE) Ink.paper else Ink.ink
    Surface(
        onClick = onPress,
        enabled = enabled,
        shape = RoundedCornerShape(Size.corner),
        color = if (enabled || weight == Weight.ASIDE) ground else Ink.waiting,
        contentColor = ink,
        border = BorderStroke(2.dp, if (enabled) Ink.ink else Ink.waiting),
        modifier = modifier.heightIn(min = height).semantics { role = Role.Button }
    ) {
        Row(
            verticalAlignment = Alignment.CenterVertically,
            horizontalArrangement = if (sign == null) Arrangement.Center else Arrangement.Start,
            modifier = Modifier.heightIn(min = height).padding(horizontal = if (sign == null) 4.dp else 16.dp)
        ) {
            sign?.let { Text(it, style = Type.clock, textAlign = TextAlign.Center, modifier = Modifier.width(44.dp)) }
            Text(text, style = style, textAlign = if (sign == null) TextAlign.Center else TextAlign.Start)
        }
    }
}

/** One line across the screen on a ground of its own. */
@Composable
fun Strip(ground: Color, modifier: Modifier = Modifier, content: @Composable () -> Unit) {
    Box(
        contentAlignment = Alignment.CenterStart,
        modifier = modifier.fillMaxWidth().background(ground).padding(horizontal = Size.edge, vertical = 5.dp)
    ) { content() }
}
