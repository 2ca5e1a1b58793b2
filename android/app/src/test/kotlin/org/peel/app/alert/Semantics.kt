package org.peel.app.alert

import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.semantics.SemanticsNode
import androidx.compose.ui.semantics.SemanticsProperties
import androidx.compose.ui.semantics.getOrNull
import androidx.compose.ui.state.ToggleableState
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.SemanticsMatcher
import androidx.compose.ui.test.SemanticsNodeInteractionCollection
import androidx.compose.ui.test.SkikoComposeUiTest
import org.junit.Assert.assertEquals
import org.peel.app.words
import org.peel.app.words.phrase
import org.peel.shell.alert.DecisionKind

private val everything = SemanticsMatcher("everything") { true }

/** What is selected or ticked, by its text. */
@OptIn(ExperimentalTestApi::class)
internal fun SkikoComposeUiTest.selectedTexts(): List<String> = onAllNodes(everything)
    .fetchSemanticsNodes()
    .filter { node ->
        node.config.getOrNull(SemanticsProperties.Selected) == true ||
            node.config.getOrNull(SemanticsProperties.Focused) == true ||
            node.config.getOrNull(SemanticsProperties.ToggleableState).let { it != null && it != ToggleableState.Off }
    }.map { it.text() }

/** The four decisions as they lie on the screen, with whether they can be pressed. */
@OptIn(ExperimentalTestApi::class)
internal fun SkikoComposeUiTest.decisionButtons(): List<Pair<String, Rect>> {
    val names = DecisionKind.entries.map { words.text(it.phrase()) }
    return onAllNodes(everything).fetchSemanticsNodes().filter { it.text() in names }.map { node ->
        val off = SemanticsProperties.Disabled in node.config
        val chosen = node.config.getOrNull(SemanticsProperties.Selected)
        "${node.text()} off=$off chosen=$chosen" to node.boundsInRoot
    }
}

internal fun SemanticsNodeInteractionCollection.assertNone(what: String) =
    assertEquals(what, 0, fetchSemanticsNodes(atLeastOneRootRequired = false).size)

private fun SemanticsNode.text(): String =
    config.getOrNull(SemanticsProperties.Text).orEmpty().joinToString(" ") { it.text }
