package org.peel.app.alert

import androidx.compose.runtime.getValue
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.setValue
import androidx.compose.ui.geometry.Rect
import androidx.compose.ui.test.ExperimentalTestApi
import androidx.compose.ui.test.SkikoComposeUiTest
import androidx.compose.ui.test.assertIsEnabled
import androidx.compose.ui.test.assertIsNotEnabled
import androidx.compose.ui.test.getBoundsInRoot
import androidx.compose.ui.test.getUnclippedBoundsInRoot
import androidx.compose.ui.test.onAllNodesWithText
import androidx.compose.ui.test.onNodeWithText
import androidx.compose.ui.test.performClick
import androidx.compose.ui.test.performScrollTo
import androidx.compose.ui.unit.Density
import androidx.compose.ui.unit.DpRect
import androidx.compose.ui.unit.dp
import androidx.compose.ui.unit.height
import androidx.compose.ui.unit.width
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.peel.app.Surroundings
import org.peel.app.words
import org.peel.app.words.Phrase
import org.peel.app.words.Said
import org.peel.app.words.phrase
import org.peel.app.words.shortPhrase
import org.peel.shell.Problem
import org.peel.shell.alert.AlertAction
import org.peel.shell.alert.AlertState
import org.peel.shell.alert.Band
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.Faces
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.Limit
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.SkipReason
import org.peel.shell.alert.Step

@OptIn(ExperimentalTestApi::class)
class AlertScreenTest {
    private val pressed = mutableListOf<AlertAction>()
    private val opinion = Samples.opinion
    private val deciding = Samples.revealed.copy(step = Step.Decide)

    private fun on(state: AlertState, height: Int = 800, fontScale: Float = 1f, check: SkikoComposeUiTest.() -> Unit) =
        SkikoComposeUiTest(360, height, density = Density(1f, fontScale)).runTest {
            setContent { Surroundings { AlertScreen(state) { pressed += it } } }
            check()
        }

    private fun SkikoComposeUiTest.button(phrase: Phrase) = onNodeWithText(words.text(phrase)).getBoundsInRoot()

    private fun SkikoComposeUiTest.press(phrase: Phrase) = onNodeWithText(words.text(phrase)).performClick()

    @Test
    fun `each answer of the blind screen says what is on its button`() = on(Samples.blind) {
        for (judgement in Judgement.entries) press(judgement.phrase())
        press(Said.CANNOT_JUDGE_NOW)
        assertEquals(
            Judgement.entries.map {
                AlertAction.JudgePressed(it)
            } + AlertAction.CannotJudgeNowPressed,
            pressed
        )
    }

    @Test
    fun `the three answers are equal in size and large enough for a glove`() = on(Samples.blind) {
        val bounds = Judgement.entries.map { onNodeWithText(words.text(it.phrase())).getBoundsInRoot() }
        assertEquals(1, bounds.map { it.width to it.height }.toSet().size)
        assertTrue(bounds.all { it.height >= 64.dp && it.width >= 64.dp })
    }

    @Test
    fun `cannot judge now offers its reasons and a way back where the answers were`() {
        var before = emptyList<DpRect>()
        on(Samples.blind) {
            val phrases = Judgement.entries.map { it.phrase() } + Said.CANNOT_JUDGE_NOW
            before = phrases.map { button(it) }
        }
        on(Samples.skipping) {
            val phrases = SkipReason.entries.map { it.phrase() } + Said.BACK
            assertEquals(before, phrases.map { button(it) })
            onNodeWithText(words.text(Said.SKIP_TITLE)).assertExists()
            assertInside(Said.PROBE, 800)
            for (phrase in phrases) press(phrase)
            val reasons = SkipReason.entries.map { AlertAction.SkipReasonPressed(it) }
            assertEquals(reasons + AlertAction.BackPressed, pressed)
            for (judgement in Judgement.entries) onAllNodesWithText(words.text(judgement.phrase())).assertNone("answer")
        }
    }

    @Test
    fun `while a skip is recorded nothing can be pressed and a refusal is said`() {
        on(Samples.skipping.copy(waiting = true)) {
            onNodeWithText(words.text(Said.RECORDING)).assertExists()
            for (reason in SkipReason.entries) onNodeWithText(words.text(reason.phrase())).assertIsNotEnabled()
            onNodeWithText(words.text(Said.BACK)).assertIsNotEnabled()
        }
        on(Samples.skipping.copy(problem = Problem(Problem.Kind.STORAGE_FULL, "storage.full"))) {
            assertInside(Said.BACK, 800)
            onNodeWithText(words.text(Problem.Kind.STORAGE_FULL.phrase()), substring = true).assertExists()
        }
    }

    @Test
    fun `without both faces there is no answer to press`() =
        on(Samples.blind.copy(viewing = Samples.viewing.copy(faces = Faces(emptyList(), null)))) {
            for (judgement in Judgement.entries) onNodeWithText(words.text(judgement.phrase())).assertIsNotEnabled()
            onNodeWithText(words.text(Said.CANNOT_JUDGE_NOW)).assertIsEnabled()
        }

    @Test
    fun `s01 nothing is selected on any screen before the officer presses`() {
        val states = listOf(
            Samples.blind,
            Samples.skipping,
            Samples.revealed,
            deciding,
            deciding.copy(step = Step.GiveReasons(DecisionKind.PASS_TO, emptySet()))
        )
        for (state in states) on(state) { assertEquals(emptyList<String>(), selectedTexts()) }
    }

    @Test
    fun `s10 an opinion leaves what can be pressed as it was`() {
        val before = buttons(deciding)
        for (band in Band.entries) {
            assertEquals(before, buttons(deciding.copy(check = opinion.copy(band = band))))
        }
    }

    @Test
    fun `s05 the blind screen shows nothing that is gated`() {
        for (state in listOf(Samples.blind, Samples.skipping)) on(state) { assertNothingGated() }
    }

    private fun SkikoComposeUiTest.assertNothingGated() {
        val facts = Samples.facts
        val gated = listOf(
            words.text(facts.grade.phrase()),
            words.text(facts.categories.first().phrase()),
            facts.reason,
            "0.712",
            "0.64",
            words.text(facts.warningMarkers.first().phrase()),
            words.text(Said.CHECK_START)
        )
        for (text in gated) onAllNodesWithText(text, substring = true).assertNone(text)
    }

    @Test
    fun `s09 every step of the reveal says that the system can be wrong and how often`() {
        val steps = listOf(
            Step.JudgeAgain,
            Step.Decide,
            Step.GiveReasons(DecisionKind.PASS_TO, setOf(NoEngagementReason.CANNOT_TELL)),
            Step.GiveNote("")
        )
        for (step in steps) {
            on(Samples.revealed.copy(step = step)) {
                assertInside(Said.CAN_BE_WRONG, 800)
                onNodeWithText(words.text(Said.KNOWN_ERRORS, 10L, 2_077L, 3_147_436L)).assertExists()
            }
        }
    }

    @Test
    fun `s08 the score stands beside its threshold`() = on(Samples.revealed) {
        onNodeWithText("0.712", substring = true).assertExists()
        onNodeWithText("0.64", substring = true).assertExists()
        onAllNodesWithText("%", substring = true).assertNone("%")
    }

    @Test
    fun `s21 the check always says what it cannot do`() {
        for (check in listOf(FaceCheck.NotAsked, FaceCheck.Running, opinion)) {
            on(Samples.revealed.copy(check = check)) {
                onNodeWithText(words.text(Limit.CANNOT_SEPARATE_TWINS_OR_CLOSE_RELATIVES.phrase())).assertExists()
            }
        }
    }

    @Test
    fun `an opinion that comes is shown whole with what it is worth`() {
        var state by mutableStateOf(Samples.revealed.copy(check = FaceCheck.Running))
        SkikoComposeUiTest(360, 800, density = Density(1f)).runTest {
            setContent { Surroundings { AlertScreen(state) {} } }
            state = deciding.copy(check = opinion)
            waitForIdle()
            for (band in Band.entries) assertInside(band.phrase(), 800)
            for (rate in opinion.rates) {
                val text = words.text(rate.what.phrase(), rate.cases, rate.of)
                assertEquals(onNodeWithText(text).getUnclippedBoundsInRoot(), onNodeWithText(text).getBoundsInRoot())
            }
            for (limit in opinion.limits) assertInside(limit.phrase(), 800)
        }
    }

    @Test
    fun `while the faces are to be judged again they do not scroll away`() {
        SkikoComposeUiTest(360, 800, density = Density(1f)).runTest {
            setContent { Surroundings { AlertScreen(Samples.revealed) {} } }
            onNodeWithText(words.text(Limit.SAME_IMAGES_AS_THE_ALERT.phrase())).performScrollTo()
            assertInside(Said.PROBE, 800)
            assertInside(Said.REFERENCE, 800)
        }
    }

    @Test
    fun `each decision says what is on its button`() = on(deciding) {
        for (kind in DecisionKind.entries) press(kind.phrase())
        assertEquals(DecisionKind.entries.map { AlertAction.DecisionPressed(it) }, pressed)
    }

    @Test
    fun `not engaging cannot be recorded without a reason`() =
        on(deciding.copy(step = Step.GiveReasons(DecisionKind.DO_NOT_ENGAGE, emptySet()))) {
            val decision = words.text(DecisionKind.DO_NOT_ENGAGE.phrase()).lowercase()
            onNodeWithText(words.text(Said.RECORD, decision)).assertIsNotEnabled()
            press(NoEngagementReason.CANNOT_TELL.phrase())
            assertEquals(listOf(AlertAction.ReasonPressed(NoEngagementReason.CANNOT_TELL)), pressed)
        }

    @Test
    fun `everything that must be pressed is on a small phone and with large letters`() {
        for ((height, fontScale) in listOf(800 to 1f, 720 to 1f, 800 to 1.3f)) {
            on(Samples.blind, height, fontScale) {
                for (judgement in Judgement.entries) assertInside(judgement.phrase(), height)
                assertInside(Said.CANNOT_JUDGE_NOW, height)
            }
            on(Samples.skipping, height, fontScale) {
                for (reason in SkipReason.entries) assertInside(reason.phrase(), height)
                assertInside(Said.BACK, height)
            }
            on(Samples.revealed, height, fontScale) {
                for (judgement in Judgement.entries) assertInside(judgement.shortPhrase(), height)
            }
            on(deciding, height, fontScale) {
                for (kind in DecisionKind.entries) assertInside(kind.phrase(), height)
            }
        }
    }

    private fun SkikoComposeUiTest.assertInside(phrase: Phrase, height: Int) {
        val node = onNodeWithText(words.text(phrase))
        val whole = node.getUnclippedBoundsInRoot()
        assertEquals("${phrase.key} is cut", whole, node.getBoundsInRoot())
        assertTrue("${phrase.key} of $height dp: $whole", whole.bottom <= height.dp && whole.top >= 0.dp)
    }

    private fun buttons(state: AlertState): List<Pair<String, Rect>> {
        var found = emptyList<Pair<String, Rect>>()
        on(state) { found = decisionButtons() }
        return found
    }
}
