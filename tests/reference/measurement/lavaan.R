# Numbers of lavaan 0.6-14 for tests/reference/test_measurement_lavaan.py: Rscript lavaan.R > lavaan.json
# Run it in this folder. alliance.csv is simulated; of Holzinger & Swineford (1939) only the covariance matrix of nine variables is kept.
suppressMessages({library(lavaan); library(jsonlite)})
data <- read.csv("../sem/data/alliance.csv")
key <- list(bond = paste0("b", 1:4, "_w1"), goal = paste0("g", 1:4, "_w1"), task = paste0("t", 1:4, "_w1"))
line <- function(f, items) paste(f, "=~", paste(items, collapse = " + "))
three <- paste(mapply(line, names(key), key), collapse = "\n")
all <- unlist(key, use.names = FALSE)
models <- list(
  one = line("general", all),
  two = paste(line("bond", key$bond), line("agreement", c(key$goal, key$task)), sep = "\n"),
  correlated = three,
  second_order = paste(three, "general =~ bond + goal + task", sep = "\n"),
  bifactor = paste(line("general", all), three, sep = "\n"))
measures <- c("chisq", "df", "pvalue", "baseline.chisq", "baseline.df", "cfi", "tli", "rmsea", "rmsea.ci.lower",
              "rmsea.ci.upper", "rmsea.pvalue", "srmr", "logl", "aic", "bic", "npar", "ntotal")
describe <- function(fit) {
  table <- parameterEstimates(fit)[, c("lhs", "op", "rhs", "est", "se")]
  std <- standardizedSolution(fit)
  table$std_all <- std$est.std; table$std_se <- std$se
  list(fit = as.list(fitMeasures(fit, measures)), parameters = table,
       residuals = unclass(residuals(fit, type = "cor")$cov))
}
result <- list()
for (name in names(models)) {
  fit <- if (name == "bifactor") cfa(models[[name]], data, orthogonal = TRUE, std.lv = TRUE)
         else cfa(models[[name]], data)
  result[[name]] <- describe(fit)
}
omega <- "
bond =~ l1*b1_w1 + l2*b2_w1 + l3*b3_w1 + l4*b4_w1
b1_w1 ~~ e1*b1_w1
b2_w1 ~~ e2*b2_w1
b3_w1 ~~ e3*b3_w1
b4_w1 ~~ e4*b4_w1
goal =~ g1_w1 + g2_w1 + g3_w1 + g4_w1
task =~ t1_w1 + t2_w1 + t3_w1 + t4_w1
omega := (l1+l2+l3+l4)^2 / ((l1+l2+l3+l4)^2 + e1+e2+e3+e4)"
defined <- parameterEstimates(cfa(omega, data, std.lv = TRUE))
result$omega_bond <- as.list(defined[defined$op == ":=", c("est", "se")])
scored <- cfa(three, data, std.lv = TRUE)
score <- lavPredict(scored, se = "standard")
result$scores <- list(first = unclass(score)[1:5, ], se = attr(score, "se")[[1]][1, ])
hs <- cov(HolzingerSwineford1939[, paste0("x", 1:9)]) * 300 / 301
hs_model <- "visual =~ x1 + x2 + x3\ntextual =~ x4 + x5 + x6\nspeed =~ x7 + x8 + x9"
result$hs <- describe(cfa(hs_model, HolzingerSwineford1939))
result$hs$covariance <- unname(hs)
cat(toJSON(result, digits = NA, auto_unbox = TRUE, na = "null"), "\n")
