déf = "été/à"
class Été:
    """Déjà vu."""
    def méthode(self, à): return déf.été(à)
# TODO öffnen
