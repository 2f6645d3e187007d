# Structural after measurement by lavaan 0.6-14, written to sam.json. Run in this directory: Rscript sam.R
suppressMessages(library(lavaan)); library(jsonlite)
data <- read.csv("data/alliance.csv")
three <- "bond =~ b1_w1 + b2_w1 + b3_w1 + b4_w1
goal =~ g1_w1 + g2_w1 + g3_w1 + g4_w1
task =~ t1_w1 + t2_w1 + t3_w1 + t4_w1"
cases <- list(
  outcome = list(model = paste0(three, "\ngpa ~ bond + goal + task")),
  covariate = list(model = paste0(three, "\ngpa ~ bond + goal + task + group\nbond ~ group")),
  chain = list(model = paste0(three, "\ngoal ~ a*bond\ntask ~ goal\ngpa ~ b*task\nindirect := a*b")),
  std_lv = list(model = paste0(three, "\ngpa ~ bond + goal + task"), std.lv = TRUE),
  means = list(model = paste0(three, "\ngpa ~ bond + goal + task"), meanstructure = TRUE),
  small = list(model = paste0(three, "\ngpa ~ bond + goal + task"), rows = 60),
  one_block = list(model = paste0(three, "\nb1_w1 ~~ g1_w1\ngpa ~ bond + goal + task"), mm.list = list(c("bond", "goal"), "task")),
  global = list(model = paste0(three, "\ngpa ~ bond + goal + task"), sam.method = "global"),
  naive = list(model = paste0(three, "\ngpa ~ bond + goal + task"), se = "naive")
)
out <- lapply(names(cases), function(name) {
  args <- cases[[name]]; rows <- if (is.null(args$rows)) nrow(data) else args$rows; args$rows <- NULL
  fit <- do.call("sam", c(args, list(data = data[seq_len(rows), ])))
  p <- as.data.frame(parameterEstimates(fit, standardized = TRUE))
  list(name = unbox(name), model = unbox(args$model), rows = unbox(rows), cells = paste(p$lhs, p$op, p$rhs),
    est = p$est, se = p$se, std_all = p$std.all)
})
write_json(out, "sam.json", digits = 12, na = "null")
