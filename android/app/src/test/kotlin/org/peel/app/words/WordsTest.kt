package org.peel.app.words

import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.peel.app.words

/** Holds the wording to the safeguards. A screen cannot say what is not in the file, so the file is what is read. */
class WordsTest {
    private val verdicts = Regex(
        "\\b(match|matche[sd]|matching|identif\\w*|hits?|positive\\w*|percent\\w*|per cent|confiden\\w*|suspects?|" +
            "suspected|proves?|proven|confirm\\w*|recogni[sz]\\w*)\\b",
        RegexOption.IGNORE_CASE
    )

    @Test
    fun `s07 no text gives a verdict of the system`() {
        val found = words.texts.filter { (_, text) -> verdicts.containsMatchIn(text) }
        assertEquals(emptyList<Pair<String, String>>(), found)
    }

    @Test
    fun `s07 the lint finds what it is for`() {
        for (text in listOf(
            "It is a match",
            "Identified",
            "A HIT",
            "Positive",
            "Suspect seen",
            "Confirmed by camera"
        )) {
            assertTrue(text, verdicts.containsMatchIn(text))
        }
    }

    @Test
    fun `s08 no text shows a share of a hundred`() {
        val found = words.texts.filter { (_, text) -> text.contains("%%") || text.contains('\u2030') }
        assertEquals(emptyList<Pair<String, String>>(), found)
    }

    @Test
    fun `every phrase has its text and every text its phrase`() {
        assertEquals(everyPhrase().map { it.key }.toSortedSet(), words.keys.toSortedSet())
    }

    @Test
    fun `a count takes the form for its number`() {
        assertEquals("1 hour ago", words.count(Said.HOURS_AGO, 1))
        assertEquals("30 hours ago", words.count(Said.HOURS_AGO, 30))
    }
}
