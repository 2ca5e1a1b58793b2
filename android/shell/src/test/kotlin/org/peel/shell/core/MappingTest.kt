package org.peel.shell.core

import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.peel.core.AlertPhase
import org.peel.core.ComparisonPurpose
import org.peel.core.ComparisonView
import org.peel.shell.alert.AlertView
import org.peel.shell.alert.Band
import org.peel.shell.alert.Category
import org.peel.shell.alert.Decision
import org.peel.shell.alert.DecisionKind
import org.peel.shell.alert.Ending
import org.peel.shell.alert.FaceCheck
import org.peel.shell.alert.FaceSide
import org.peel.shell.alert.Grade
import org.peel.shell.alert.Judgement
import org.peel.shell.alert.KnownErrors
import org.peel.shell.alert.Limit
import org.peel.shell.alert.Look
import org.peel.shell.alert.NoEngagementReason
import org.peel.shell.alert.QualityReason
import org.peel.shell.alert.RateCode
import org.peel.shell.alert.ReferenceSource
import org.peel.shell.alert.ScorePlace
import org.peel.shell.alert.SkipReason
import org.peel.shell.alert.SubjectFlag
import org.peel.shell.alert.WarningMarker

class MappingTest {
    private fun comparison(band: org.peel.core.Band, reason: String? = null, limits: List<String> = emptyList()) =
        ComparisonView(
            purpose = ComparisonPurpose.ALERT_PROBE,
            band = band,
            reason = reason,
            testedRates = listOf(
                org.peel.core.TestedRate("false_alerts_given_supports", 12u, 200u),
                org.peel.core.TestedRate("a_newer_one", 1u, 20u)
            ),
            limits = limits,
            tookMs = 90u
        )

    private fun <A : Enum<A>, B : Enum<B>> assertSame(app: List<A>, core: List<B>, except: Set<String> = emptySet()) =
        assertEquals(core.map { it.name }.toSet() - except, app.map { it.name }.toSet())

    @Test
    fun `each enum has the core's values`() {
        assertSame(Grade.entries, org.peel.core.Grade.entries)
        assertSame(Category.entries, org.peel.core.Category.entries)
        assertSame(WarningMarker.entries, org.peel.core.WarningMarker.entries)
        assertSame(ReferenceSource.entries, org.peel.core.ReferenceSource.entries)
        assertSame(Judgement.entries, org.peel.core.JudgementValue.entries)
        // That the policy asks for nothing the core says by itself, and an officer always states a reason.
        assertSame(SkipReason.entries, org.peel.core.SkipReason.entries, except = setOf("POLICY_OFF", "NOT_STATED"))
        assertSame(Band.entries, org.peel.core.Band.entries, except = setOf("NOT_POSSIBLE"))
    }

    @Test
    fun `s05 a blind alert maps to what may be seen and no more`() {
        val view = blind().toApp() as AlertView.Blind
        assertEquals(header().toApp(), view.alert)
        assertEquals(4L, view.alert.ageSeconds)
        assertEquals(2, view.alert.probeCount)
        assertTrue(view.maySkip)
    }

    @Test
    fun `an exercise is marked on every alert of it`() {
        for (exercise in listOf(true, false)) assertEquals(exercise, header(exercise = exercise).toApp().exercise)
    }

    @Test
    fun `a revealed alert maps whole`() {
        val facts = (revealed().toApp() as AlertView.Revealed).facts
        assertEquals(Grade.RED, facts.grade)
        assertEquals(listOf(WarningMarker.CHILD_RISK), facts.warningMarkers)
        assertEquals(listOf(SubjectFlag.UNDER_18, SubjectFlag.KNOWN_TWIN_OR_SIBLING), facts.flags)
        assertEquals(ScorePlace(712, 640), facts.score)
        assertEquals(KnownErrors(falseAlerts = 10, facesSeen = 3_147_436, alerts = 2_077), facts.knownErrors)
        assertEquals(6, facts.referenceAgeYears)
        assertTrue(facts.noteNeeded && facts.entryMayBeOutOfDate)
    }

    @Test
    fun `every phase is open or has its ending`() {
        for (phase in AlertPhase.entries) {
            val ending = (blind(phase).toApp() as? AlertView.Over)?.ending
            val expected = when (phase) {
                AlertPhase.RECEIVED, AlertPhase.DISPLAYED, AlertPhase.REVEALED -> null
                AlertPhase.EXPIRED -> Ending.Expired
                AlertPhase.WITHDRAWN -> Ending.Withdrawn
                else -> Ending.Closed
            }
            assertEquals(expected, ending, phase.name)
        }
    }

    @Test
    fun `a decided alert is over and keeps its warnings`() {
        val view = revealed(AlertPhase.LOCATING, org.peel.core.Decision.Engage).toApp()
        view as AlertView.Over
        assertEquals(Ending.Decided(DecisionKind.ENGAGE), view.ending)
        assertEquals(listOf(WarningMarker.CHILD_RISK), view.warningMarkers)
    }

    @Test
    fun `every decision goes to the core as it was made`() {
        val reasons = NoEngagementReason.entries.toSet()
        for (kind in DecisionKind.entries) {
            val decision = if (kind == DecisionKind.ENGAGE) Decision.Engage else Decision.NotEngage(kind, reasons)
            val sent = request(decision, note = "because").decision
            val back = revealed(AlertPhase.DECIDED, sent).toApp() as AlertView.Over
            assertEquals(Ending.Decided(kind), back.ending)
            if (sent is org.peel.core.Decision.PassTo) {
                val names = sent.v1.map { it::class.simpleName.orEmpty() }
                assertEquals(reasons.map { it.name.replace("_", "").lowercase() }, names.map { it.lowercase() })
            }
        }
    }

    @Test
    fun `an opinion keeps its rates and limits, known or not`() {
        val codes = listOf("cannot_separate_twins_or_close_relatives", "a_newer_one", "another")
        val opinion = comparison(org.peel.core.Band.SUPPORTS, limits = codes).toApp() as FaceCheck.Opinion
        assertEquals(Band.SUPPORTS, opinion.band)
        assertEquals(listOf(RateCode.FALSE_ALERTS_GIVEN_SUPPORTS, RateCode.OTHER), opinion.rates.map { it.what })
        assertEquals(listOf(12L to 200L, 1L to 20L), opinion.rates.map { it.cases to it.of })
        assertEquals(listOf(Limit.CANNOT_SEPARATE_TWINS_OR_CLOSE_RELATIVES, Limit.OTHER), opinion.limits)
    }

    @Test
    fun `no opinion says which image stands in the way and how`() {
        val not = org.peel.core.Band.NOT_POSSIBLE
        assertEquals(
            FaceCheck.NotPossible(FaceSide.PROBE, QualityReason.TOO_SMALL),
            comparison(not, "probe.too_small").toApp()
        )
        assertEquals(FaceCheck.NotPossible(null, QualityReason.OTHER), comparison(not, null).toApp())
        assertEquals(FaceCheck.NotPossible(null, QualityReason.OTHER), comparison(not, "a_newer_one").toApp())
    }

    @Test
    fun `the latest opinion is the one shown`() {
        val two = listOf(comparison(org.peel.core.Band.SUPPORTS), comparison(org.peel.core.Band.DOES_NOT_SUPPORT))
        val view = revealed(comparisons = two).toApp() as AlertView.Revealed
        assertEquals(Band.DOES_NOT_SUPPORT, (view.check as FaceCheck.Opinion).band)
    }

    @Test
    fun `a look of any length fits on the wire`() {
        assertEquals(UInt.MAX_VALUE, request(Judgement.CANNOT_TELL, Look(Long.MAX_VALUE, -1, true)).look.probeMs)
        assertEquals(0u, request(Judgement.CANNOT_TELL, Look(Long.MAX_VALUE, -1, true)).look.referenceMs)
    }
}
