package org.peel.shell.alert

import kotlin.random.Random
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertNull
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.peel.shell.Problem

class AlertReducerTest {
    private val problem = Problem(Problem.Kind.STORAGE_FULL, "storage.full")

    @Test
    fun `a blind judgement asks the core and waits for it`() {
        val next = reduce(blind, AlertAction.JudgePressed(Judgement.CANNOT_TELL))
        assertEquals(AlertEffect.Judge(alert.id, Judgement.CANNOT_TELL, viewing.look()), next.effect)
        assertTrue((next.state as AlertState.Blind).waiting)
    }

    @Test
    fun `nothing is judged before both faces are here`() {
        for (part in listOf(Faces(emptyList(), faces.reference), Faces(faces.probes, null))) {
            val state = blind.copy(viewing = viewing.copy(faces = part))
            assertEquals(Next(state), reduce(state, AlertAction.JudgePressed(Judgement.SAME_PERSON_LIKELY)))
        }
    }

    @Test
    fun `cannot judge now asks why and the reason is sent, with or without the faces`() {
        for (seen in listOf(faces, Faces(emptyList(), null))) {
            val state = blind.copy(viewing = viewing.copy(faces = seen))
            val asked = reduce(state, AlertAction.CannotJudgeNowPressed)
            assertEquals(Next(state.copy(givingSkipReason = true)), asked)
            for (reason in SkipReason.entries) {
                val next = reduce(asked.state, AlertAction.SkipReasonPressed(reason))
                assertEquals(AlertEffect.Skip(alert.id, reason), next.effect)
                assertTrue((next.state as AlertState.Blind).waiting)
            }
        }
    }

    @Test
    fun `while the reason is asked for only a reason or back does anything`() {
        for (press in presses) {
            val next = reduce(skipping, press)
            when (press) {
                is AlertAction.SkipReasonPressed -> assertTrue(next.effect is AlertEffect.Skip)
                AlertAction.BackPressed -> assertEquals(Next(blind), next)
                else -> assertEquals(Next(skipping), next)
            }
        }
    }

    @Test
    fun `no reason is sent that was not asked for`() {
        for (reason in SkipReason.entries) {
            assertEquals(Next(blind), reduce(blind, AlertAction.SkipReasonPressed(reason)))
        }
    }

    @Test
    fun `a skip that the core refuses can be tried again with another reason`() {
        val asked = reduce(skipping, AlertAction.SkipReasonPressed(SkipReason.PERSON_IS_HERE))
        val failed = reduce(asked.state, AlertAction.Failed(asked.effect!!, problem)).state
        assertEquals(skipping.copy(problem = problem), failed)
        val again = reduce(failed, AlertAction.SkipReasonPressed(SkipReason.NOT_SAFE_TO_LOOK))
        val effect = AlertEffect.Skip(alert.id, SkipReason.NOT_SAFE_TO_LOOK)
        assertEquals(Next(skipping.copy(waiting = true), effect), again)
        assertEquals(Next(blind), reduce(failed, AlertAction.BackPressed))
    }

    @Test
    fun `the same view again leaves the choice of a reason open`() {
        val shown = AlertAction.Shown(AlertView.Blind(alert, maySkip = true))
        assertEquals(Next(skipping), reduce(skipping, shown))
        val waiting = reduce(skipping, AlertAction.SkipReasonPressed(SkipReason.CANNOT_SEE_SCREEN)).state
        assertEquals(Next(waiting), reduce(waiting, shown))
    }

    @Test
    fun `where policy forbids it cannot judge now does nothing`() {
        val state = blind.copy(maySkip = false)
        assertEquals(Next(state), reduce(state, AlertAction.CannotJudgeNowPressed))
        val shown = AlertAction.Shown(AlertView.Blind(alert, maySkip = false))
        assertEquals(Next(state), reduce(skipping, shown))
    }

    @Test
    fun `s05 no press on a blind alert asks for anything but a judgement or its skip`() {
        for (state in listOf(blind, skipping)) {
            for (press in presses) {
                val next = reduce(state, press)
                assertTrue(next.state is AlertState.Blind)
                assertTrue(next.effect is AlertEffect.Judge? || next.effect is AlertEffect.Skip?)
            }
        }
    }

    @Test
    fun `the reveal asks for a second judgement before a decision`() {
        val asked = reduce(blind, AlertAction.JudgePressed(Judgement.CANNOT_TELL))
        val view = AlertView.Revealed(alert, facts, FaceCheck.NotAsked, judgedAgain = null)
        val state = reduce(asked.state, AlertAction.Recorded(asked.effect!!, view)).state as AlertState.Revealed
        assertEquals(Step.JudgeAgain, state.step)
        assertFalse(state.waiting)
        for (kind in DecisionKind.entries) assertNull(reduce(state, AlertAction.DecisionPressed(kind)).effect)
    }

    @Test
    fun `after the second judgement the decision is open and none is chosen`() {
        val view = AlertView.Revealed(alert, facts, FaceCheck.NotAsked, judgedAgain = Judgement.SAME_PERSON_LIKELY)
        assertEquals(
            Step.Decide,
            (reduce(revealed, AlertAction.Shown(view)).state as AlertState.Revealed).step
        )
    }

    @Test
    fun `a second press while the first is recorded asks nothing`() {
        val waiting = reduce(blind, AlertAction.JudgePressed(Judgement.CANNOT_TELL)).state
        for (press in presses) assertEquals(Next(waiting), reduce(waiting, press))
    }

    @Test
    fun `engaging is recorded at once`() {
        val effect = reduce(deciding, AlertAction.DecisionPressed(DecisionKind.ENGAGE)).effect
        assertEquals(AlertEffect.Decide(alert.id, Decision.Engage, note = null), effect)
    }

    @Test
    fun `engaging asks for a note where the core needs one`() {
        val state = deciding.copy(facts = facts.copy(noteNeeded = true))
        val asked = reduce(state, AlertAction.DecisionPressed(DecisionKind.ENGAGE))
        assertNull(asked.effect)
        assertNull(reduce(asked.state, AlertAction.RecordPressed).effect)
        val written = reduce(asked.state, AlertAction.NoteChanged(" seen with a knife ")).state
        val effect = reduce(written, AlertAction.RecordPressed).effect
        assertEquals(AlertEffect.Decide(alert.id, Decision.Engage, "seen with a knife"), effect)
    }

    @Test
    fun `not engaging needs a reason and none is ticked beforehand`() {
        for (kind in DecisionKind.entries - DecisionKind.ENGAGE) {
            val asked = reduce(deciding, AlertAction.DecisionPressed(kind))
            assertNull(asked.effect)
            assertEquals(Step.GiveReasons(kind, emptySet()), (asked.state as AlertState.Revealed).step)
            assertNull(reduce(asked.state, AlertAction.RecordPressed).effect)
            val ticked = reduce(asked.state, AlertAction.ReasonPressed(NoEngagementReason.IMAGE_QUALITY)).state
            assertEquals(
                AlertEffect.Decide(
                    alert.id,
                    Decision.NotEngage(kind, setOf(NoEngagementReason.IMAGE_QUALITY)),
                    note = null
                ),
                reduce(ticked, AlertAction.RecordPressed).effect
            )
        }
    }

    @Test
    fun `a reason pressed twice is unticked`() {
        val press = AlertAction.ReasonPressed(NoEngagementReason.HIGHER_PRIORITY)
        val asked = reduce(deciding, AlertAction.DecisionPressed(DecisionKind.PASS_TO)).state
        assertEquals(asked, reduce(reduce(asked, press).state, press).state)
    }

    @Test
    fun `s01 no decision can be made without its parts`() {
        assertThrows(IllegalArgumentException::class.java) {
            Decision.NotEngage(DecisionKind.DO_NOT_ENGAGE, emptySet())
        }
        assertThrows(IllegalArgumentException::class.java) {
            Decision.NotEngage(DecisionKind.ENGAGE, setOf(NoEngagementReason.CANNOT_TELL))
        }
    }

    @Test
    fun `s10 an opinion changes the opinion and nothing else`() {
        val steps = listOf(Step.JudgeAgain, Step.Decide, Step.GiveReasons(DecisionKind.PASS_TO, emptySet()))
        for (step in steps) {
            for (band in Band.entries) {
                val before = revealed.copy(step = step, check = FaceCheck.Running)
                val opinion = FaceCheck.Opinion(band, emptyList(), emptyList())
                val next = reduce(before, AlertAction.Checked(alert.id, opinion))
                assertEquals(Next(before.copy(check = opinion)), next)
            }
        }
    }

    @Test
    fun `the check is asked for once and again only after it was not possible`() {
        val asked = reduce(revealed, AlertAction.CheckPressed)
        assertEquals(AlertEffect.Check(alert.id), asked.effect)
        assertNull(reduce(asked.state, AlertAction.CheckPressed).effect)
        val opinion = revealed.copy(check = FaceCheck.Opinion(Band.INCONCLUSIVE, emptyList(), emptyList()))
        assertNull(reduce(opinion, AlertAction.CheckPressed).effect)
        val not = revealed.copy(check = FaceCheck.NotPossible(FaceSide.PROBE, QualityReason.BLURRED))
        assertEquals(AlertEffect.Check(alert.id), reduce(not, AlertAction.CheckPressed).effect)
    }

    @Test
    fun `the check runs beside a judgement`() {
        val running = reduce(revealed, AlertAction.CheckPressed).state
        val effect = reduce(running, AlertAction.JudgePressed(Judgement.CANNOT_TELL)).effect
        assertEquals(AlertEffect.JudgeAgain(alert.id, Judgement.CANNOT_TELL, viewing.look()), effect)
    }

    @Test
    fun `what the core refuses is said and can be tried again`() {
        val asked = reduce(blind, AlertAction.JudgePressed(Judgement.CANNOT_TELL))
        val failed = reduce(asked.state, AlertAction.Failed(asked.effect!!, problem)).state as AlertState.Blind
        assertEquals(problem, failed.problem)
        assertFalse(failed.waiting)
        assertEquals(asked, reduce(failed, AlertAction.JudgePressed(Judgement.CANNOT_TELL)))
    }

    @Test
    fun `a check that fails leaves a decision on its way alone`() {
        val state = deciding.copy(check = FaceCheck.Running, waiting = true)
        val next = reduce(state, AlertAction.Failed(AlertEffect.Check(alert.id), problem)).state as AlertState.Revealed
        assertTrue(next.waiting)
        assertEquals(FaceCheck.NotAsked, next.check)
    }

    @Test
    fun `what comes late for another alert changes nothing`() {
        val other = AlertId("two")
        for (action in listOf(
            AlertAction.FacesLoaded(other, Faces(emptyList(), null)),
            AlertAction.Checked(other, FaceCheck.Opinion(Band.SUPPORTS, emptyList(), emptyList())),
            AlertAction.Failed(AlertEffect.Check(other), problem)
        )) {
            assertEquals(Next(revealed), reduce(revealed, action))
        }
    }

    @Test
    fun `time on the screen counts only for faces that are there`() {
        val start = blind.copy(viewing = viewing.copy(faces = Faces(faces.probes, null)))
        val ticked = reduce(start, AlertAction.Looked(1_000)).state
        assertEquals(Look(1_000, 0, zoomed = false), (ticked as AlertState.Blind).viewing.look())
    }

    @Test
    fun `having looked closer is remembered`() {
        val closer = reduce(blind, AlertAction.ZoomPressed).state
        val back = reduce(closer, AlertAction.ZoomPressed).state as AlertState.Blind
        assertFalse(back.viewing.close)
        assertTrue(back.viewing.look().zoomed)
    }

    @Test
    fun `the same view again leaves what is being recorded alone`() {
        val waiting = reduce(blind, AlertAction.JudgePressed(Judgement.CANNOT_TELL)).state
        assertEquals(Next(waiting), reduce(waiting, AlertAction.Shown(AlertView.Blind(alert, maySkip = true))))
        val reasons = deciding.copy(
            step = Step.GiveReasons(DecisionKind.PASS_TO, setOf(NoEngagementReason.CANNOT_TELL))
        )
        val view = AlertView.Revealed(alert, facts, FaceCheck.NotAsked, Judgement.CANNOT_TELL)
        assertEquals(Next(reasons), reduce(reasons, AlertAction.Shown(view)))
    }

    @Test
    fun `an answer ends the waiting`() {
        val asked = reduce(revealed, AlertAction.JudgePressed(Judgement.CANNOT_TELL))
        val view = AlertView.Revealed(alert, facts, FaceCheck.NotAsked, Judgement.CANNOT_TELL)
        val polled = reduce(asked.state, AlertAction.Shown(view)).state as AlertState.Revealed
        assertTrue(polled.waiting)
        val answered = reduce(asked.state, AlertAction.Recorded(asked.effect!!, view)).state
        assertEquals(revealed.copy(step = Step.Decide), answered)
    }

    @Test
    fun `a new alert starts with nothing of the one before`() {
        val other = alert.copy(id = AlertId("two"))
        val next = reduce(deciding, AlertAction.Shown(AlertView.Blind(other, maySkip = true)))
        assertEquals(Next(AlertState.Blind(other, Viewing(Faces(emptyList(), null)), maySkip = true)), next)
    }

    @Test
    fun `s03 an alert that expired or was withdrawn ends without a decision`() {
        for (ending in listOf(Ending.Expired, Ending.Withdrawn, Ending.Closed)) {
            val shown = AlertAction.Shown(AlertView.Over(alert, ending, emptyList()))
            for (state in listOf(AlertState.Quiet, blind, revealed, deciding)) {
                assertEquals(Next(AlertState.Over(alert, ending, emptyList())), reduce(state, shown))
            }
        }
    }

    @Test
    fun `s02 no series of ticks and answers decides anything`() {
        val random = Random(7)
        repeat(200) {
            var state: AlertState = blind
            repeat(30) { step ->
                val action = when (random.nextInt(5)) {
                    0 -> AlertAction.Looked(step * 100L)
                    1 -> AlertAction.Shown(AlertView.Revealed(alert, facts, FaceCheck.NotAsked, null))
                    2 -> AlertAction.Checked(alert.id, FaceCheck.Opinion(Band.SUPPORTS, emptyList(), emptyList()))
                    3 -> AlertAction.FacesLoaded(alert.id, faces)
                    else -> AlertAction.Failed(AlertEffect.Check(alert.id), problem)
                }
                val next = reduce(state, action)
                assertNull(next.effect)
                state = next.state
            }
        }
    }

    @Test
    fun `nothing of a face or of what is gated is printed`() {
        val printed = revealed.toString()
        for (secret in listOf("Failed", "700", "640", "VIOLENT", "[1]")) assertFalse(printed.contains(secret), secret)
    }
}
