"""The only room that knows PyGithub: facts, comment, labels and the data branch."""
