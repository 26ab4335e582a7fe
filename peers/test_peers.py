"""Run with: python3 -m unittest discover peers"""

import json
import tempfile
import unittest
from pathlib import Path

import critical
import markdown
import plan
import summary
import tables
import tiam


def race(peer, setting, curve, steps_per_second=100.0):
    return {"kind": "race", "data": "MNIST", "network": "784-100-100-10", "peer": peer, "setting": setting, "curve": curve,
            "seconds": curve[-1][0], "test_accuracy": curve[-1][1], "epochs": len(curve), "steps_per_second": steps_per_second}


def fit(peer, seconds, accuracy):
    return {"kind": "fit", "data": "digits", "network": "64-100-10", "peer": peer, "setting": "defaults", "curve": [],
            "seconds": seconds, "test_accuracy": accuracy, "epochs": 9, "steps_per_second": None}


class CriticalDifference(unittest.TestCase):
    def test_ties_share_the_mean_of_their_ranks(self):
        self.assertEqual(critical.ranks([0.2, 0.1, 0.2, 0.5]), [2.5, 1, 2.5, 4])

    def test_the_difference_is_that_of_the_published_example(self):
        # Demsar 2006, section 3.2.2: four classifiers on 14 data sets, 1.25 at 5 %.
        self.assertAlmostEqual(critical.critical_difference(4, 14), 1.25, places=2)

    def test_programs_within_the_difference_are_joined_and_no_run_is_inside_another(self):
        self.assertEqual(critical.groups([1.0, 1.5, 2.2, 4.0], 1.0), [(0, 1), (1, 2)])
        self.assertEqual(critical.groups([1.0, 1.5, 1.9, 4.0], 1.0), [(0, 2)])

    def test_a_diagram_names_every_program_with_its_rank(self):
        drawn = critical.diagram({"a & b": 1.25, "c": 2.75, "d": 2.0}, 20, "title")
        for part in ("a &amp; b 1.25", "c 2.75", "d 2.00", "critical difference 0.74"):
            self.assertIn(part, drawn)


class Summary(unittest.TestCase):
    RUNS = [
        race("torch", "slow", [[2, 0.97], [4, 0.98], [6, 0.985]]),
        race("torch", "fast", [[1, 0.97], [2, 0.976], [3, 0.977]]),
        race("tiam", "defaults", [[0.5, 0.976], [1, 0.982]]),
        race("tiam", "defaults", [[0.7, 0.976], [1.4, 0.976]]),
    ]

    def rows(self, runs, target):
        found = summary.summarise(runs, [target])["races"][0]["targets"][0]["rows"]
        return {row["peer"]: row for row in found}

    def test_a_target_is_reached_at_the_first_epoch_end_with_that_accuracy(self):
        self.assertEqual(summary.seconds_to([[1, 0.9], [2, 0.975], [3, 0.97], [4, 0.99]], 0.975), 2)

    def test_the_best_setting_is_chosen_for_each_target(self):
        self.assertEqual(self.rows(self.RUNS, 0.975)["torch"]["setting"], "fast")
        self.assertEqual(self.rows(self.RUNS, 0.98)["torch"]["setting"], "slow")

    def test_ratios_are_against_tiam(self):
        rows = self.rows(self.RUNS, 0.975)
        self.assertAlmostEqual(rows["tiam"]["seconds"], 0.6)
        self.assertAlmostEqual(rows["torch"]["ratio"], 2 / 0.6)
        self.assertEqual(rows["tiam"]["ratio"], 1)

    def test_a_median_run_that_never_gets_there_is_never(self):
        row = self.rows(self.RUNS, 0.98)["tiam"]
        self.assertEqual((row["seconds"], row["reached"], row["runs"], row["ratio"]), (None, 1, 2, None))
        third = race("tiam", "defaults", [[0.9, 0.98]])
        self.assertEqual(self.rows(self.RUNS + [third], 0.98)["tiam"]["seconds"], 1)

    def test_a_target_nobody_reaches_names_no_setting(self):
        row = self.rows(self.RUNS, 0.999)["torch"]
        self.assertIsNone(row["setting"])
        self.assertEqual(row["reached"], 0)

    def test_the_picture_shows_the_setting_that_is_quickest_to_the_highest_target(self):
        found = summary.summarise(self.RUNS)["races"][0]["curves"]
        shown = {(curve["peer"], curve["setting"]) for curve in found if curve["shown"]}
        self.assertEqual(shown, {("torch", "slow"), ("tiam", "defaults")})
        points = next(curve["points"] for curve in found if curve["peer"] == "tiam")
        self.assertAlmostEqual(points[1][0], 1.2)
        self.assertAlmostEqual(points[1][1], 0.979)

    def test_fits_have_medians_and_deviations(self):
        runs = [fit("sklearn", s, a) for s, a in [(1, 0.96), (3, 0.98), (8, 0.97)]] + [fit("tiam", 0.5, 0.97)]
        rows = {row["peer"]: row for row in summary.summarise(runs)["fits"][0]["rows"]}
        self.assertEqual((rows["sklearn"]["seconds"], rows["sklearn"]["ratio"]), (3, 6))
        self.assertAlmostEqual(rows["sklearn"]["test_accuracy"]["deviation"], 0.01)
        self.assertIsNone(rows["tiam"]["test_accuracy"]["deviation"])

    def test_without_tiam_there_are_no_ratios(self):
        self.assertIsNone(self.rows(self.RUNS[:2], 0.975)["torch"]["ratio"])

    def test_markdown_says_never_and_the_json_is_strict(self):
        results = {"date": "d", "machine": {"processor": "p", "cores": 2, "threads": 2, "system": "s"}, "versions": {"torch": "1"},
                   "command": "c", "summary": summary.summarise(self.RUNS + [fit("tiam", 1, 0.9)])}
        self.assertIn("never", markdown.document(results))
        json.dumps(results, allow_nan=False)


class Tables(unittest.TestCase):
    ROWS = [[str(n), str(n % 7), "ab"[n % 2]] for n in range(40)]

    def test_a_fifth_of_each_class_is_for_testing_and_nothing_is_lost(self):
        train, test = tables.split(self.ROWS, 3)
        self.assertEqual([sum(row[-1] == name for row in test) for name in "ab"], [4, 4])
        self.assertEqual(sorted(train + test), sorted(self.ROWS))

    def test_the_split_depends_on_the_seed_alone(self):
        self.assertEqual(tables.split(self.ROWS, 1), tables.split(self.ROWS, 1))
        self.assertNotEqual(tables.split(self.ROWS, 1), tables.split(self.ROWS, 2))

    def test_names_are_left_out_and_words_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "t.csv")
            path.write_text("x,y\n1,a\n2,b\n")
            self.assertEqual(tables.table(path), [["1", "a"], ["2", "b"]])
            path.write_text("1,a\nred,b\n")
            with self.assertRaisesRegex(ValueError, "sample 2"):
                tables.table(path)

    def test_the_digits_are_those_of_the_workspace(self):
        rows = tables.digits(Path(__file__).resolve().parent.parent)
        self.assertEqual((len(rows), len(rows[0]), [row[-1] for row in rows[:4]]), (1797, 65, ["0", "1", "2", "3"]))
        self.assertEqual(rows[0][2], "5")


class Tiam(unittest.TestCase):
    def read(self, trace, result):
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "trace.csv").write_text(trace)
            Path(folder, "config.toml").write_text("batch-size = 100\n")
            return tiam.read(folder, f"words\n{json.dumps(result)}\n", 250)

    def test_the_trace_is_the_curve(self):
        found = self.read("epoch,seconds,test_accuracy\n1,0.5,0.9\n2,1.0,0.95\n", {"test_accuracy": 0.95})
        self.assertEqual(found["curve"], [[0.5, 0.9], [1.0, 0.95]])
        self.assertEqual((found["steps"], found["seconds"], found["epochs"]), (6, 1.0, 2))

    def test_a_trace_without_test_accuracy_leaves_the_end(self):
        found = self.read("iteration,seconds\n1,0.5\n2,1.0\n", {"test_accuracy": 0.95})
        self.assertEqual(found["curve"], [[1.0, 0.95]])

    def test_a_setting_may_say_its_own_epochs(self):
        job = plan.Job("race", "MNIST", "n", "tiam", "s", 0, 0, Path("d"), None, [5], 7, 10, ["--epochs", "3"])
        words = tiam.command("tiam", job, "o", 2, "--epochs")
        self.assertEqual(words.count("--epochs"), 1)


class Plan(unittest.TestCase):
    def test_keys_are_file_names_of_their_own(self):
        job = plan.Job("race", "MNIST", "784-10", "torch", "batch 1, rate 0.1", 0, 0, Path("d"), None, [], 1, 1)
        self.assertEqual(job.key, "race__MNIST__784-10__torch__batch_1,_rate_0.1__seed0__repeat0")


if __name__ == "__main__":
    unittest.main()
